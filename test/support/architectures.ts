// One small config.json of every supported architecture, as Hugging Face writes it but for sizes; windows are short
// enough to matter within a few words.

const llamaSizes = {
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 259,
  max_position_embeddings: 256,
  eos_token_id: 2,
}

export const smallArchitectures: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  llama: { ...llamaSizes, model_type: "llama" },
  mistral: { ...llamaSizes, model_type: "mistral", sliding_window: 6 },
  qwen2: {
    ...llamaSizes,
    model_type: "qwen2",
    use_sliding_window: true,
    sliding_window: 6,
    max_window_layers: 1,
  },
  qwen3: { ...llamaSizes, model_type: "qwen3", head_dim: 12 },
  gemma: { ...llamaSizes, model_type: "gemma", head_dim: 12, num_key_value_heads: 1 },
  gemma2: {
    ...llamaSizes,
    model_type: "gemma2",
    head_dim: 12,
    query_pre_attn_scalar: 9,
    attn_logit_softcapping: 1.5,
    final_logit_softcapping: 3,
    sliding_window: 6,
  },
  olmo2: { ...llamaSizes, model_type: "olmo2" },
  phi3: { ...llamaSizes, model_type: "phi3", sliding_window: 7 },
  gpt_neox: {
    model_type: "gpt_neox",
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    rotary_pct: 0.25,
    vocab_size: 259,
    max_position_embeddings: 256,
    eos_token_id: 2,
  },
  gpt2: {
    model_type: "gpt2",
    n_embd: 32,
    n_inner: 48,
    n_layer: 2,
    n_head: 4,
    n_positions: 256,
    vocab_size: 259,
    eos_token_id: 2,
  },
  opt: {
    model_type: "opt",
    hidden_size: 32,
    ffn_dim: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    vocab_size: 259,
    max_position_embeddings: 256,
    eos_token_id: 2,
  },
}
