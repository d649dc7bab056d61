"""Writes the tiny model for llama.cpp: make_tiny_gguf.py OUT.gguf [text|vision]

``text`` (the default) is the language model, with the same tokenizer and weights
as make_tiny_llama.py. ``vision`` is an image encoder that fits it, to be given
to llama-server with --mmproj; an image becomes IMAGE_TOKENS prompt tokens.
"""

import json
import sys

import gguf
import numpy as np
from tokenizers import Tokenizer

from tiny_model import BOS, CHAT_TEMPLATE, EOS, PAD, SEED, SHAPE, SPECIALS, train_tokenizer, weights

# llama.cpp's names for the tensors of one layer.
LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
OTHER_NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}

# The image encoder: 8 x 8 patches, merged 4 x 4, makes 4 tokens per image.
IMAGE, PATCH, MERGE, VISION_HIDDEN, VISION_HEADS = 112, 14, 4, 64, 2
IMAGE_TOKENS = (IMAGE // PATCH // MERGE) ** 2


def interleave(w: np.ndarray) -> np.ndarray:
    """Rows of q and k in llama.cpp's order: it rotates neighbours, Hugging Face halves."""
    head = SHAPE.hidden // SHAPE.heads
    return w.reshape(SHAPE.heads, 2, head // 2, SHAPE.hidden).swapaxes(1, 2).reshape(w.shape)


def gguf_name(name: str) -> str:
    stem = name.removesuffix(".weight")
    if stem in OTHER_NAMES:
        return OTHER_NAMES[stem] + ".weight"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{LAYER_NAMES[part]}.weight"


def write_text(out: str) -> None:
    tok = train_tokenizer()
    w = gguf.GGUFWriter(out, "llama")
    w.add_name("tiny-llama")
    w.add_context_length(SHAPE.context)
    w.add_embedding_length(SHAPE.hidden)
    w.add_block_count(SHAPE.layers)
    w.add_feed_forward_length(SHAPE.feed_forward)
    w.add_head_count(SHAPE.heads)
    w.add_head_count_kv(SHAPE.heads)
    w.add_layer_norm_rms_eps(SHAPE.eps)
    w.add_rope_dimension_count(SHAPE.hidden // SHAPE.heads)
    w.add_rope_freq_base(SHAPE.rope_theta)
    w.add_vocab_size(SHAPE.vocab)
    w.add_file_type(gguf.LlamaFileType.ALL_F32)

    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list([tok.id_to_token(i) for i in range(SHAPE.vocab)])
    special, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    w.add_token_types([special if i < len(SPECIALS) else normal for i in range(SHAPE.vocab)])
    w.add_token_merges(merges(tok))
    w.add_bos_token_id(BOS)
    w.add_eos_token_id(EOS)
    w.add_pad_token_id(PAD)
    w.add_add_bos_token(False)
    w.add_chat_template(CHAT_TEMPLATE)

    for name, a in weights(tok).items():
        if ".q_proj." in name or ".k_proj." in name:
            a = interleave(a)
        w.add_tensor(gguf_name(name), np.ascontiguousarray(a))
    finish(w)


def merges(tok: Tokenizer) -> list[str]:
    pairs = json.loads(tok.to_str())["model"]["merges"]
    return [p if isinstance(p, str) else " ".join(p) for p in pairs]


def write_vision(out: str) -> None:
    """A one-layer encoder of the "gemma3" kind: the simplest that llama.cpp reads."""
    rng = np.random.default_rng(SEED + 1)
    h, ff = VISION_HIDDEN, 2 * VISION_HIDDEN

    def normal(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * shape[-1] ** -0.5).astype(np.float32)

    def zeros(n: int) -> np.ndarray:
        return np.zeros(n, np.float32)

    def ones(n: int) -> np.ndarray:
        return np.ones(n, np.float32)

    w = gguf.GGUFWriter(out, "clip")
    w.add_name("tiny-vision")
    w.add_file_type(gguf.LlamaFileType.ALL_F32)
    w.add_string("clip.projector_type", "gemma3")
    w.add_bool("clip.has_vision_encoder", True)
    w.add_bool("clip.use_gelu", True)
    for key, value in {
        "image_size": IMAGE,
        "patch_size": PATCH,
        "embedding_length": h,
        "feed_forward_length": ff,
        "block_count": 1,
        "attention.head_count": VISION_HEADS,
        "projection_dim": SHAPE.hidden,
        "projector.scale_factor": MERGE,
    }.items():
        w.add_uint32("clip.vision." + key, value)
    w.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    w.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    w.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])

    w.add_tensor("v.patch_embd.weight", normal(h, 3, PATCH, PATCH))
    w.add_tensor("v.patch_embd.bias", zeros(h))
    w.add_tensor("v.position_embd.weight", normal((IMAGE // PATCH) ** 2, h))
    for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
        w.add_tensor(f"v.blk.0.{part}.weight", normal(h, h))
        w.add_tensor(f"v.blk.0.{part}.bias", zeros(h))
    for part, rows, cols in (("ffn_up", ff, h), ("ffn_down", h, ff)):
        w.add_tensor(f"v.blk.0.{part}.weight", normal(rows, cols))
        w.add_tensor(f"v.blk.0.{part}.bias", zeros(rows))
    for part in ("blk.0.ln1", "blk.0.ln2", "post_ln"):
        w.add_tensor(f"v.{part}.weight", ones(h))
        w.add_tensor(f"v.{part}.bias", zeros(h))
    w.add_tensor("mm.soft_emb_norm.weight", ones(h))
    w.add_tensor("mm.input_projection.weight", normal(h, SHAPE.hidden))
    finish(w)


def finish(w: gguf.GGUFWriter) -> None:
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


if __name__ == "__main__":
    {"text": write_text, "vision": write_vision}[sys.argv[2] if len(sys.argv) > 2 else "text"](sys.argv[1])
