#include "patching/detail/engine_model.h"

#include "block/matrix_units.h"
#include "device/devices.h"
#include "model/detail/process_weights.h"
#include "patching/detail/device_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace patchbay::detail {

namespace {

// x·diag(w) W and the bias ln_b W that goes with it: the norm's weights moved into what reads it.
at::Tensor folded(const at::Tensor &ln_w, const at::Tensor &W)
{
    return ln_w.defined() ? (ln_w.unsqueeze(1) * W).contiguous() : W.contiguous();
}

at::Tensor folded_bias(const at::Tensor &ln_b, const at::Tensor &W, const at::Tensor &bias)
{
    return ln_b.defined() ? plus_product(bias, ln_b, W) : bias.contiguous();
}

// Norm weights go into what reads the norm, so that every pre-norm of the engine is the bare one; queries, keys and
// values are unchanged by that.
BlockWeights folded_weights(const ModelConfig &config, const LayerWeights &w)
{
    BlockWeights b = plain_weights(config, w);
    if (!config.pre_norms)
        return b;
    b.attn_norm = RowNorm(config.norm, config.eps, config.d_model);
    b.b_qkv = folded_bias(w.ln1_b, w.W_qkv, b.b_qkv);
    b.W_qkv = folded(w.ln1_w, w.W_qkv);
    if (!config.has_mlp())
        return b;
    b.mlp_norm = b.attn_norm;
    b.b_in = folded_bias(w.ln2_b, w.W_in, w.b_in);
    b.W_in = folded(w.ln2_w, w.W_in);
    if (config.gated_mlp) {
        if (w.b_gate.defined() || w.ln2_b.defined())
            b.b_gate = folded_bias(w.ln2_b, w.W_gate, w.b_gate.defined() ? w.b_gate : at::zeros_like(w.b_in));
        b.W_gate = folded(w.ln2_w, w.W_gate);
    }
    return b;
}

} // namespace

EngineModel::EngineModel(std::shared_ptr<const Model> model, int batch_width, const Resources &resources)
    : m_model(std::move(model)), m_room(resources.widened_bytes),
      m_final_norm(config().final_norm(), config().eps, config().d_model)
{
    m_rotary = Rotary::of_layers(config(), batch_width);
    for (int l = 0; l < config().n_layers; ++l)
        m_traits.emplace_back(config(), l);
    const bool widened = m_model->weights().stored();
    const std::string device = device_named(resources.device);
    // Beside a device, which computes in float32, the processor does too, unless it is told.
    m_precision = precision_for(
        config(), device == "cpu" || resources.precision ? resources.precision : Precision::Strict, widened);
    m_arithmetic = Arithmetic::of(parts_in_matrix_units(config(), m_precision, widened));
    m_arithmetic_in_words = patchbay::arithmetic_in_words(config(), m_precision, widened);
    m_blocks.resize(m_traits.size());
    for (int l = 0; l < config().n_layers && !m_model->weights().stored(); ++l)
        m_blocks[size_t(l)] = make_block(l);
    if (device != "cpu")
        m_device = std::make_unique<DeviceModel>(*this, device);
}

EngineModel::~EngineModel() = default;

BlockRef EngineModel::make_block(int l) const
{
    return std::make_shared<const Block>(m_traits[size_t(l)], folded_weights(config(), m_model->weights().layer(l)),
                                         m_rotary[size_t(l)], m_arithmetic);
}

BlockRef EngineModel::block(int l) const
{
    std::lock_guard lock(m_mutex);
    if (m_blocks[size_t(l)])
        return m_blocks[size_t(l)];
    if (m_last_layer == l)
        return m_last;
    m_last_layer = -1;
    m_last.reset(); // before the next one, so that there are not two
    const BlockRef made = make_block(l);
    if (l >= first_kept()) {
        m_blocks[size_t(l)] = made;
    } else {
        m_last = made;
        m_last_layer = l;
    }
    return made;
}

int64_t EngineModel::weights_of_layer() const
{
    return int64_t(block_weights(config())) / config().n_layers;
}

int EngineModel::first_kept() const
{
    if (!m_model->weights().stored())
        return 0;
    const size_t kept = m_room / ((sizeof(float) + size_t(m_arithmetic.bytes_a_weight())) * size_t(weights_of_layer()));
    return std::max(0, config().n_layers - int(std::min(kept, size_t(config().n_layers))));
}

int64_t EngineModel::widened_again() const
{
    return first_kept() * weights_of_layer();
}

void EngineModel::embed(int64_t token, int position, float *out) const
{
    const Weights &w = m_model->weights();
    const int64_t D = config().d_model;
    std::memcpy(out, w.embedding(at::tensor(token)).data_ptr<float>(), size_t(D) * sizeof(float));
    if (w.W_pos.defined())
        kernels().axpy(1.f, w.W_pos.data_ptr<float>() + int64_t(position) * D, out, D);
}

std::vector<uint8_t> EngineModel::rank0(const float *x, int64_t rows, const std::vector<int64_t> &io) const
{
    const Weights &w = m_model->weights();
    const int64_t D = config().d_model;
    at::Tensor xn = at::empty({rows, D}, at::kFloat);
    m_final_norm.apply(x, xn.data_ptr<float>(), rows);
    if (w.ln_final_w.defined())
        xn = xn * w.ln_final_w;
    if (w.ln_final_b.defined())
        xn = xn + w.ln_final_b;
    const at::Tensor best = w.logits(xn).argmax(1).contiguous(); // [rows]
    std::vector<uint8_t> right(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r)
        right[size_t(r)] = best.data_ptr<int64_t>()[r] == io[size_t(r)];
    return right;
}

} // namespace patchbay::detail
