#include "device_parts.h"

#include "patching/detail/device_model.h"
#include "patching/detail/session_impl.h"

namespace patchbay::testing {

using namespace detail;

namespace {

/// Both ways through one layer, with 3 prompts of 9 rows whose first 4 keys are other rows.
class Steps {
public:
    Steps(const Block &block, std::map<std::string, double> &worst)
        : m_block(block), m_tensors(block, at::TensorOptions().dtype(at::kFloat)), m_worst(worst)
    {
    }

    void norm_and_project()
    {
        const at::Tensor x = random(m_t.d_model);
        at::Tensor xn = at::empty_like(x), qkv = at::empty({rows, m_t.qkv_width()});
        m_block.attn_norm().apply(x.data_ptr<float>(), xn.data_ptr<float>(), rows);
        note("norm", m_tensors.attn_norm()(x), xn);
        m_block.project(xn.data_ptr<float>(), m_t.d_model, rows, 0, m_t.qkv_width(), qkv.data_ptr<float>(),
                        m_t.qkv_width());
        note("project", m_tensors.project(xn, 0, m_t.qkv_width()), qkv);
        const at::Tensor turned = m_tensors.turn_row(qkv, positions()).contiguous(),
                         keys = m_tensors.turn_row(qkv.narrow(1, m_t.q_width(), 2 * m_t.kv_width()), positions());
        const std::vector<int> at = host_positions();
        m_block.turn(qkv.data_ptr<float>(), rows, m_t.qkv_width(), 0, m_t.qkv_width(), at.data());
        note("turn", turned, qkv);
        note("turn keys", keys, qkv.narrow(1, m_t.q_width(), 2 * m_t.kv_width()));
    }

    void attend()
    {
        const int64_t S = m_t.qkv_width(), HD = m_t.q_width();
        const at::Tensor own = random(S), other = random(S);
        at::Tensor z = at::empty({rows, HD}), by_tensors = at::empty({rows, HD});
        std::vector<float> scratch(length);
        std::vector<Attending> pieces;
        for (int p = 0; p < prompts; ++p) {
            const int64_t first_row = p * length;
            const float *base = other.data_ptr<float>() + first_row * S, *mine = own.data_ptr<float>() + first_row * S;
            for (int h = 0; h < m_t.n_heads; ++h) {
                const KeyRows keys[2] = {
                    {base + m_t.k_column(h), base + m_t.v_column(h), S, prefix},
                    {mine + prefix * S + m_t.k_column(h), mine + prefix * S + m_t.v_column(h), S, length - prefix}};
                // Prompts of different lengths: the second ends two rows before the others.
                m_block.attend(h, mine + prefix * S + m_t.q_column(h), S, count(p), prefix, keys, 2,
                               z.data_ptr<float>() + (first_row + prefix) * HD + int64_t(h) * m_t.d_head, HD,
                               scratch.data());
            }
            pieces.push_back({first_row + prefix, prefix, count(p), first_row, prefix, rows + first_row + prefix});
        }
        const at::Tensor kv = at::cat({other, own}).narrow(1, HD, S - HD);
        attend_rows(m_tensors, own.narrow(1, 0, HD), kv, pieces, by_tensors);
        for (int p = 0; p < prompts; ++p)
            note("attend", by_tensors.narrow(0, p * length + prefix, count(p)),
                 z.narrow(0, p * length + prefix, count(p)));
    }

    void write()
    {
        const at::Tensor z = random(m_t.q_width());
        at::Tensor out = at::empty({rows, m_t.d_model}), head = at::empty({rows, m_t.d_model});
        BlockBuffers work;
        m_block.write(z.data_ptr<float>(), rows, out.data_ptr<float>(), false, work);
        note("write", m_tensors.write(z), out);
        const int h = m_t.n_heads - 1;
        m_block.write_head(h, z.data_ptr<float>() + m_t.q_column(h), m_t.q_width(), rows, head.data_ptr<float>(),
                           false);
        note("write head", m_tensors.write_head(h, z.narrow(1, m_t.q_column(h), m_t.d_head)), head);
    }

    void mlp()
    {
        const at::Tensor xn = random(m_t.d_model);
        at::Tensor out = at::empty({rows, m_t.d_model});
        BlockBuffers work;
        m_block.mlp(xn.data_ptr<float>(), rows, out.data_ptr<float>(), false, work);
        note("mlp", m_tensors.mlp(xn), out);
    }

private:
    static constexpr int prompts = 3, length = 9, prefix = 4;
    static constexpr int64_t rows = prompts * length;
    static int count(int prompt) { return length - prefix - (prompt == 1 ? 2 : 0); }
    static at::Tensor random(int64_t width) { return at::randn({rows, width}); }
    static std::vector<int> host_positions()
    {
        std::vector<int> out;
        for (int r = 0; r < rows; ++r)
            out.push_back(r % length);
        return out;
    }
    static at::Tensor positions() { return at::arange(rows, at::kLong).remainder(length); }
    void note(const std::string &step, const at::Tensor &is, const at::Tensor &wanted)
    {
        const double size = std::max(1.0, wanted.abs().max().item<double>());
        double &worst = m_worst[step];
        worst = std::max(worst, (is - wanted).abs().max().item<double>() / size);
    }

    const Block &m_block;
    const TensorBlock m_tensors;
    std::map<std::string, double> &m_worst;
    const BlockTraits &m_t = m_block.traits();
};

} // namespace

std::map<std::string, double> step_differences(const ModelConfig &config, uint64_t seed)
{
    at::manual_seed(seed);
    Resources resources;
    resources.precision = Precision::Strict;
    const EngineModel engine(Model::random(config, seed, {}), 16, resources);
    std::map<std::string, double> worst;
    for (int l = 0; l < config.n_layers; ++l) {
        const BlockRef block = engine.block(l);
        Steps steps(*block, worst);
        steps.norm_and_project();
        steps.attend();
        steps.write();
        if (config.has_mlp())
            steps.mlp();
    }
    return worst;
}

void leave_room_for(Session &session, int64_t rows)
{
    session.internals().engine->device()->fail_above(rows);
}

int64_t room_found(Session &session)
{
    return session.internals().engine->device()->room();
}

} // namespace patchbay::testing
