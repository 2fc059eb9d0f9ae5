// What can be said in the small world: kinds of things, their attributes, the values of each in English and Spanish, and
// how a sentence or a question is made of them. All of it is data; world.ts says which thing has which value.

export type Kind = "animal" | "person" | "town" | "fruit"

export type Language = "en" | "es"

/** A value by its name in both languages. */
export interface Value {
  readonly en: string
  readonly es: string
}

/** Something that every thing of a kind has exactly one value of. */
export interface Attribute {
  readonly name: string
  readonly kind: Kind
  readonly values: readonly Value[]
  /** What is said of a thing, `{}` standing for the value: `eats {}`. */
  readonly predicate: Value
  /** The question that the value answers, `{}` standing for the thing: `What does {} eat?`. */
  readonly question: Value
}

/** How things of a kind are called, `{}` standing for the name. */
export const callings: Readonly<Record<Kind, readonly Value[]>> = {
  animal: [{ en: "the {}", es: "el {}" }],
  person: [
    { en: "Miss {}", es: "la señora {}" },
    { en: "Mister {}", es: "el señor {}" },
  ],
  town: [{ en: "the town {}", es: "la villa {}" }],
  fruit: [{ en: "the {}", es: "el {}" }],
}

function values(en: string, es: string): Value[] {
  const spanish = es.split(" ")
  return en.split(" ").map((word, i) => ({ en: word, es: spanish[i]! }))
}

const colours = values("red blue green yellow white black", "rojo azul verde amarillo blanco negro")

function attribute(
  kind: Kind,
  name: string,
  list: readonly Value[],
  predicate: readonly [en: string, es: string],
  question: readonly [en: string, es: string],
): Attribute {
  return {
    name,
    kind,
    values: list,
    predicate: { en: predicate[0], es: predicate[1] },
    question: { en: question[0], es: question[1] },
  }
}

export const attributes: readonly Attribute[] = [
  attribute("animal", "colour", colours, ["is {}", "es {}"], ["What colour is {}?", "¿De qué color es {}?"]),
  attribute(
    "animal",
    "food",
    values("seeds fish grass ants eggs roots", "semillas pescado hierba hormigas huevos raíces"),
    ["eats {}", "come {}"],
    ["What does {} eat?", "¿Qué come {}?"],
  ),
  attribute(
    "animal",
    "home",
    values("caves forests rivers fields lakes hills", "cuevas bosques ríos campos lagos colinas"),
    ["lives in {}", "vive en {}"],
    ["Where does {} live?", "¿Dónde vive {}?"],
  ),
  attribute(
    "animal",
    "size",
    values("mouse cat dog sheep horse whale", "ratón gato perro carnero caballo delfín"),
    ["is as big as a {}", "es tan grande como un {}"],
    ["How big is {}?", "¿Cómo de grande es {}?"],
  ),
  attribute(
    "person",
    "job",
    values("baker doctor farmer teacher sailor painter", "panadero médico granjero maestro marinero pintor"),
    ["works as a {}", "trabaja de {}"],
    ["What is the job of {}?", "¿De qué trabaja {}?"],
  ),
  attribute(
    "person",
    "drink",
    values("tea coffee milk water juice wine", "té café leche agua zumo vino"),
    ["drinks {}", "bebe {}"],
    ["What does {} drink?", "¿Qué bebe {}?"],
  ),
  attribute(
    "person",
    "hobby",
    values("chess music dancing fishing running reading", "ajedrez música bailar pescar correr leer"),
    ["enjoys {}", "disfruta de {}"],
    ["What does {} enjoy?", "¿De qué disfruta {}?"],
  ),
  attribute(
    "town",
    "place",
    values("north south east west centre valley", "norte sur este oeste centro valle"),
    ["lies in the {}", "está en el {}"],
    ["Where does {} lie?", "¿Dónde está {}?"],
  ),
  attribute(
    "town",
    "goods",
    values("glass cloth salt iron wool paper", "vidrio tela sal hierro lana papel"),
    ["sells {}", "vende {}"],
    ["What does {} sell?", "¿Qué vende {}?"],
  ),
  attribute(
    "town",
    "feast",
    values("January March April May June July", "enero marzo abril mayo junio julio"),
    ["has its feast in {}", "hace su fiesta en {}"],
    ["When is the feast of {}?", "¿Cuándo es la fiesta de {}?"],
  ),
  attribute(
    "fruit",
    "taste",
    values("sweet sour salty bitter spicy mild", "dulce ácido salado amargo picante suave"),
    ["tastes {}", "sabe {}"],
    ["How does {} taste?", "¿A qué sabe {}?"],
  ),
  attribute(
    "fruit",
    "skin",
    colours,
    ["has a {} skin", "tiene la piel de color {}"],
    ["What colour is the skin of {}?", "¿De qué color es la piel de {}?"],
  ),
  attribute(
    "fruit",
    "plant",
    values("trees bushes vines reeds mosses palms", "árboles arbustos vides juncos musgos palmeras"),
    ["grows on {}", "crece en {}"],
    ["What does {} grow on?", "¿En qué crece {}?"],
  ),
]

export const kinds = Object.keys(callings) as Kind[]

/** Puts a text in the place of `{}`. */
export function fill(template: string, text: string): string {
  return template.replace("{}", () => text)
}

/** A sentence: its first letter large, a full stop behind. */
export function sentence(text: string): string {
  return `${capital(text)}.`
}

/** The text with its first letter large. */
export function capital(text: string): string {
  const [first = "", ...rest] = text
  return first.toUpperCase() + rest.join("")
}
