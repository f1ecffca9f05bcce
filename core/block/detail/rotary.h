// Rotary position embeddings: queries and keys turned by their position.
#pragma once

#include "model/config.h"

#include <ATen/ATen.h>

#include <vector>

namespace patchbay::detail {

class Rotary {
public:
    /// Turns nothing.
    Rotary() = default;
    /// Cosines and sines of positions 0 … batch_width - 1 for each layer; layers of the same angles share them.
    static std::vector<Rotary> of_layers(const ModelConfig &config, int64_t batch_width);

    bool turns() const { return m_cos.defined(); }
    /// [positions, half]; undefined where it turns nothing.
    const at::Tensor &cosines() const { return m_cos; }
    const at::Tensor &sines() const { return m_sin; }
    /// Pairs (2 i, 2 i + 1), else (i, i + half).
    bool interleaved() const { return m_interleaved; }
    /// One head's query or key in place, for its position, and the gradient's way back (without an amplitude, that of
    /// the query or key too).
    void turn(float *head_row, int position) const;
    void turn_back(float *head_row, int position) const;

private:
    at::Tensor m_cos, m_sin; // [positions, rotary_dim / 2]
    int m_half = 0;
    bool m_interleaved = false;
};

} // namespace patchbay::detail
