// Style sheets that the page imports for their effect.

declare module "*.css"
