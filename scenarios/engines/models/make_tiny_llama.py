"""Writes the tiny model as a Hugging Face folder: make_tiny_llama.py OUT

For vLLM and transformers. Needs neither torch nor transformers: a safetensors
file is eight bytes of length, a JSON header, and the numbers.
"""

import json
import sys
from pathlib import Path

import numpy as np

from tiny_model import BOS, CHAT_TEMPLATE, EOS, PAD, SHAPE, SPECIALS, train_tokenizer, weights


def bfloat16(a: np.ndarray) -> np.ndarray:
    """float32 to bfloat16, rounded to nearest even; numpy has no such type, so as uint16."""
    u = np.ascontiguousarray(a).view(np.uint32)
    return ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    blobs, at = [], 0
    for name, a in tensors.items():
        blob = bfloat16(a).tobytes()
        header[name] = {"dtype": "BF16", "shape": list(a.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def main(out: Path) -> None:
    out.mkdir(parents=True)
    tok = train_tokenizer()
    write_safetensors(out / "model.safetensors", weights(tok))
    tok.save(str(out / "tokenizer.json"))
    (out / "chat_template.jinja").write_text(CHAT_TEMPLATE)

    ids = {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD}
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": SHAPE.vocab,
        "hidden_size": SHAPE.hidden,
        "intermediate_size": SHAPE.feed_forward,
        "num_hidden_layers": SHAPE.layers,
        "num_attention_heads": SHAPE.heads,
        "num_key_value_heads": SHAPE.heads,
        "max_position_embeddings": SHAPE.context,
        "rms_norm_eps": SHAPE.eps,
        "rope_theta": SHAPE.rope_theta,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        **ids,
    }
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIALS[BOS],
        "eos_token": SPECIALS[EOS],
        "pad_token": SPECIALS[PAD],
        "model_max_length": SHAPE.context,
        "clean_up_tokenization_spaces": False,
    }
    # do_sample false: transformers serve is greedy unless a request says otherwise.
    generation_config = {"do_sample": False, **ids}
    for name, value in (
        ("config.json", config),
        ("tokenizer_config.json", tokenizer_config),
        ("generation_config.json", generation_config),
    ):
        (out / name).write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
