"""The tiny model that every engine set-up shares: tokenizer, sizes, weights.

Nothing is downloaded. The tokenizer is trained on corpus.txt, the weights come
from a seeded generator, so the same sources give the same model everywhere and
vLLM and llama.cpp run the *same* model.

Two properties are made on purpose, because they make tests steady:

* The model never ends by itself and never answers with a special token or a
  piece of a multi-byte character. One hidden dimension (the "veto" dimension)
  is the same positive number for every token and no layer writes to it; the
  output row of each unwanted token is strongly negative there. So an answer has
  exactly ``max_tokens`` tokens, and each token is some printable ASCII text.
* The output rows are large, so that the best token leads clearly and greedy
  answers do not change with rounding (bfloat16, batch size, two workers).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIALS = ["<|pad|>", "<|bos|>", "<|eos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
PAD, BOS, EOS = 0, 1, 2

# Content may be a string or a list of parts; parts that are not text are the
# engine's business (llama.cpp puts its own mark for an image into the text).
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for p in m['content'] %}{% if p['type'] == 'text' %}{{ p['text'] }}{% endif %}{% endfor %}"
    "{% endif %}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """Sizes. Four heads, so that tensor parallelism of 2 or 4 divides them."""

    vocab: int = 1024
    hidden: int = 128
    heads: int = 4  # 32 per head: the smallest that vLLM's CPU attention takes
    feed_forward: int = 256
    layers: int = 2
    context: int = 16384
    eps: float = 1e-5
    rope_theta: float = 10000.0


SHAPE = Shape()
VETO = 0  # the hidden dimension described above
SEED = 20240229


def train_tokenizer() -> Tokenizer:
    """A byte-level BPE tokenizer with exactly SHAPE.vocab tokens."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SHAPE.vocab,
        special_tokens=SPECIALS,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    text = (Path(__file__).parent / "corpus.txt").read_text(encoding="utf-8")
    tok.train_from_iterator(text.splitlines(keepends=True), trainer)
    if tok.get_vocab_size() != SHAPE.vocab:
        raise SystemExit(f"corpus.txt is too small: only {tok.get_vocab_size()} tokens")
    return tok


def unwanted_tokens(tok: Tokenizer) -> list[int]:
    """Special tokens, and tokens that are not printable ASCII by themselves."""
    bad = list(range(len(SPECIALS)))
    for i in range(len(SPECIALS), SHAPE.vocab):
        text = tok.decode([i])
        if not text or any(not (" " <= c <= "~") for c in text):
            bad.append(i)
    return bad


def weights(tok: Tokenizer) -> dict[str, np.ndarray]:
    """All tensors as float32, under their Hugging Face names."""
    s = SHAPE
    rng = np.random.default_rng(SEED)

    def normal(rows: int, cols: int, std: float) -> np.ndarray:
        return (rng.standard_normal((rows, cols)) * std).astype(np.float32)

    def layer(rows: int, cols: int, writes_hidden: bool = False) -> np.ndarray:
        w = normal(rows, cols, cols**-0.5)
        if writes_hidden:
            w[VETO] = 0
        return w

    ones = np.ones(s.hidden, np.float32)
    embed = normal(s.vocab, s.hidden, 1.0)
    embed[:, VETO] = 4.0
    head = normal(s.vocab, s.hidden, 0.5)
    head[:, VETO] = 0
    head[unwanted_tokens(tok), VETO] = -100.0

    out = {"model.embed_tokens.weight": embed, "model.norm.weight": ones, "lm_head.weight": head}
    for i in range(s.layers):
        p = f"model.layers.{i}."
        out[p + "input_layernorm.weight"] = ones
        out[p + "post_attention_layernorm.weight"] = ones
        for name in ("q", "k", "v"):
            out[p + f"self_attn.{name}_proj.weight"] = layer(s.hidden, s.hidden)
        out[p + "self_attn.o_proj.weight"] = layer(s.hidden, s.hidden, writes_hidden=True)
        out[p + "mlp.gate_proj.weight"] = layer(s.feed_forward, s.hidden)
        out[p + "mlp.up_proj.weight"] = layer(s.feed_forward, s.hidden)
        out[p + "mlp.down_proj.weight"] = layer(s.hidden, s.feed_forward, writes_hidden=True)
    return out
