// A small model's shape and prompts for it, the same for the same arguments: what tests of the engine run where nothing
// rests on the numbers. Random shapes: random_case.h.
#pragma once

#include "model/config.h"
#include "task/prompts.h"

#include <algorithm>
#include <random>

namespace patchbay::testing {

/// Like Pythia: parallel blocks, rotary on a part of the head, an MLP four times as wide as the stream.
inline ModelConfig small_config(int layers = 4, int heads = 4, int d_head = 8, int d_vocab = 80)
{
    ModelConfig c;
    c.family = "gpt_neox";
    c.n_layers = layers;
    c.n_heads = c.n_kv_heads = heads;
    c.d_head = d_head;
    c.d_model = heads * d_head;
    c.d_mlp = 4 * c.d_model;
    c.d_vocab = d_vocab;
    c.n_ctx = 64;
    c.parallel = true;
    c.rotary_dim = std::max(4, d_head / 4);
    return c;
}

/// Random tokens, flipped at position 5, of lengths between 2/3 of the width and all of it; no roles.
inline PromptBatch small_batch(int prompts = 12, int width = 14, int d_vocab = 80)
{
    std::mt19937 random(7);
    const int shortest = width * 2 / 3, half = d_vocab / 2;
    PromptBatch b;
    b.prompts = prompts;
    b.width = width;
    for (int p = 0; p < b.prompts; ++p) {
        b.end.push_back(shortest + int(random() % unsigned(width - shortest)));
        b.io.push_back(p % half);
        b.s.push_back(half + p % half);
        for (int pos = 0; pos < b.width; ++pos) {
            b.clean.push_back(int64_t(random() % unsigned(d_vocab)));
            b.flipped.push_back(pos == 5 ? (b.clean.back() + 1) % d_vocab : b.clean.back());
        }
    }
    return b;
}

} // namespace patchbay::testing
