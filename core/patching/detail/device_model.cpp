#include "patching/detail/device_model.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/plain_text.h"
#include "device/detail/torch_device.h"

#include <cstring>

namespace patchbay::detail {

DeviceModel::DeviceModel(const EngineModel &model, const std::string &device)
    : m_name(device), m_device(torch_device(device)), m_on(at::TensorOptions(m_device).dtype(at::kFloat))
{
    // Products of float32 as float32: TF32 keeps 10 of the 23 bits.
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
    try {
        for (int l = 0; l < model.config().n_layers; ++l)
            m_blocks.emplace_back(*model.block(l), m_on);
        m_final_norm = TensorNorm(model.final_norm(), m_on);
    } catch (const std::exception &error) {
        if (!out_of_memory(error))
            throw;
        const double weights = double(model.config().n_layers) * model.traits().row_flops() / 2;
        throw Error("device " + device,
                    "has no room for the model's weights, " + size_text(uint64_t(weights * sizeof(float)))
                        + " in float32; use --device cpu");
    }
}

bool DeviceModel::out_of_memory(const std::exception &error)
{
    return dynamic_cast<const c10::OutOfMemoryError *>(&error) || means_out_of_memory(error)
        || std::strstr(error.what(), "out of memory");
}

void DeviceModel::need_rows(int64_t rows) const
{
    TORCH_CHECK_WITH(OutOfMemoryError, rows <= m_fail_above, "out of memory: ", rows, " rows");
}

DeviceRun DeviceModel::run(const at::Tensor &embeddings, const BatchLayout &layout, int to,
                           const CancelToken &cancel) const
{
    const BlockTraits &t = traits();
    const int64_t S = t.qkv_width(), HD = t.q_width();
    const at::Tensor positions =
        indices(std::vector<int64_t>(layout.position.begin(), layout.position.end())); // [rows]
    std::vector<Attending> prompts;
    for (int p = 0; p < layout.prompts; ++p)
        prompts.push_back({layout.row(p, 0), 0, layout.end[size_t(p)] + 1, 0, 0, layout.row(p, 0)});
    DeviceRun out;
    out.resid.push_back(this->to(embeddings));
    for (int l = 0; l < int(m_blocks.size()); ++l) {
        cancel.check();
        const TensorBlock &b = block(l);
        const at::Tensor x = out.resid.back(), xn = b.attn_norm()(x);
        out.qkv.push_back(b.turn_row(b.project(xn, 0, S), positions).contiguous());
        if (l == to)
            break;
        const at::Tensor &qkv = out.qkv.back();
        out.z.push_back(at::empty({x.size(0), HD}, m_on));
        attend_rows(b, qkv.narrow(1, 0, HD), qkv.narrow(1, HD, S - HD), prompts, out.z.back());
        const at::Tensor mid = x + b.write(out.z.back());
        if (!t.parallel)
            out.mid.push_back(mid);
        at::Tensor next = at::empty_like(mid);
        for (int64_t r = 0; r < x.size(0); r += block_rows()) {
            const int64_t n = std::min(block_rows(), x.size(0) - r);
            const at::Tensor change = b.mlp(b.mlp_norm()((t.parallel ? x : mid).narrow(0, r, n)));
            next.narrow(0, r, n).copy_(mid.narrow(0, r, n) + change);
        }
        out.resid.push_back(next);
    }
    return out;
}

at::Tensor DeviceModel::head_sums(const DeviceRun &run, int layer, const at::Tensor &rows) const
{
    const at::Tensor &z = run.z[size_t(layer)];
    return block(layer).sum_heads(rows.defined() ? z.index_select(0, rows) : z);
}

at::Tensor DeviceModel::attn_out(const DeviceRun &run, int layer, const at::Tensor &rows) const
{
    return block(layer).attn_post()(head_sums(run, layer, rows));
}

at::Tensor DeviceModel::mlp_out(const DeviceRun &run, int layer, const at::Tensor &rows) const
{
    const TensorBlock &b = block(layer);
    const at::Tensor &all = run.mlp_input(layer), x = rows.defined() ? all.index_select(0, rows) : all;
    std::vector<at::Tensor> parts;
    for (int64_t r = 0; r < x.size(0); r += block_rows())
        parts.push_back(b.mlp(b.mlp_norm()(x.narrow(0, r, std::min(block_rows(), x.size(0) - r)))));
    return at::cat(parts);
}

} // namespace patchbay::detail
