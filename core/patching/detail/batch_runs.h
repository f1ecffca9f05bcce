// The two unpatched runs of some prompts, kept where sweeps start from: residual stream and rotated queries, keys,
// values of every layer.
#pragma once

#include "base/cancel.h"
#include "patching/detail/engine_model.h"
#include "patching/detail/workspace.h"
#include "task/prompts.h"

#include <map>
#include <vector>

namespace patchbay::detail {

/// Where each prompt's rows are when positions 0..END of all prompts are packed without padding.
struct BatchLayout {
    explicit BatchLayout(const PromptBatch &batch);
    int prompts = 0;
    std::vector<int> end; ///< [prompts]
    std::vector<int>
        first_difference;        ///< [prompts] first position where clean and flipped differ; END + 1 when nowhere
    std::vector<int64_t> offset; ///< [prompts] row of position 0
    int64_t rows = 0;
    std::vector<int> position; ///< [rows]
    int64_t row(int prompt, int pos) const { return offset[size_t(prompt)] + pos; }
    /// How many prompts reach each position, [the longest one's END + 1].
    Array reached() const;
};

/// One run, all rows up to END.
struct Run {
    std::vector<at::Tensor>
        resid;                   ///< [layers + 1] of [rows, D]: resid_pre of each layer, then the final residual stream
    std::vector<at::Tensor> mid; ///< [layers] of [rows, D]: resid_mid; serial models only
    std::vector<at::Tensor> qkv; ///< [layers] of [rows, S]; queries and keys after rotary
    at::Tensor at_end;           ///< [prompts, D]: END's final residual stream behind the bare final norm
    std::vector<uint8_t> rank0;  ///< [prompts]
};

struct DeviceRun;
struct DeviceRuns;

/// How far runs are computed: what nobody reads is left out.
struct RunExtent {
    enum class To {
        Readout,  ///< all of a Run
        Stream,   ///< without what is read at END
        Attention ///< up to the queries, keys and values of one layer
    };
    To to = To::Readout;
    int layer = 0; ///< of Attention
};

/// A run in between the two: it has the base run's tokens, but for one thing, which is share times what it is in the
/// base run plus (1 − share) times what it is in the other.
struct Blend {
    bool base_flipped = false;
    float share = 1;
    int layer = -1;   ///< whose output is blended; -1: the token embedding
    bool mlp = false; ///< the MLP's output, else that of the heads
};

class BatchRuns {
public:
    BatchRuns(std::shared_ptr<const EngineModel> model, const PromptBatch &batch, RunExtent extent = {});
    BatchRuns(const BatchRuns &) = delete; // waves and passes refer to its runs
    BatchRuns &operator=(const BatchRuns &) = delete;
    /// Computes both runs unless they are there. Throws Cancelled.
    void compute(const CancelToken &cancel);
    /// Gives their memory back, until the next compute(), which makes the same numbers again.
    void drop();
    bool computed() const { return m_done; }
    /// From the two, which must be there. It shares with the base run what lies before the blend. Throws Cancelled.
    Run blended(const Blend &blend, const CancelToken &cancel) const;

    const EngineModel &model() const { return *m_model; }
    const PromptBatch &batch() const { return m_batch; }
    const BatchLayout &layout() const { return m_layout; }
    /// Where no prompt differs from its counterpart, the two are one.
    const Run &run(bool flipped) const { return flipped && !m_same ? m_flipped : m_clean; }
    /// The same runs on the model's device, which there must be, while they are there.
    const DeviceRun &on_device(bool flipped) const;
    /// Of any metric. The runs must have been computed once.
    const Readout &readout(Metric metric) const;
    /// A metric's values in the unpatched run, [prompts]. The runs must have been computed once before they are asked
    /// for the first time.
    const std::vector<float> &values(Metric metric, bool flipped) const;

    /// z of one head for positions first..last of a prompt, [n, d], with the given stride.
    void head_z(const Run &run, int layer, int head, int prompt, int first, int last, float *z, int64_t stride) const;
    /// z of all heads for a list of (prompt, position) rows → [n, H d].
    at::Tensor z_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const;
    /// The sum of all heads' results and b_O: attn_out before a post norm, which is what it is without one.
    at::Tensor head_sum_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const;
    /// attn_out and mlp_out of those rows → [n, D].
    at::Tensor attn_out_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const;
    at::Tensor mlp_out_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const;
    /// What those rows are projected to, as hook_q, hook_k and hook_v hold it (the kept rows hold queries and keys
    /// turned) → [n, S].
    at::Tensor projected_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const;
    /// Rows of a packed stream [rows, D] → [n, D].
    at::Tensor stream_rows(const at::Tensor &stream, const std::vector<std::pair<int, int>> &rows) const;
    /// What the MLP of the layer reads: resid_mid, or resid_pre when parallel.
    const at::Tensor &mlp_input(const Run &run, int layer) const
    {
        return run.mid.empty() ? run.resid[size_t(layer)] : run.mid[size_t(layer)];
    }
    /// Pattern of a head on a prompt, [END + 1, END + 1].
    std::vector<float> pattern(const Run &run, int layer, int head, int prompt) const;
    /// Bytes that the kept runs take for each row.
    static size_t bytes_per_row(const ModelConfig &config);

private:
    /// From the device, a copy of what Run holds; computed there.
    void compute_on_device(Run &run, bool flipped, const CancelToken &cancel);
    void compute_run(Run &run, bool flipped, const CancelToken &cancel);
    /// All that follows from the run's embedding, from this layer on.
    void compute_layers(Run &run, int from, const Blend *blend, const CancelToken &cancel) const;
    std::vector<std::pair<int, int>> all_rows() const;

    std::shared_ptr<const EngineModel> m_model;
    const PromptBatch m_batch;
    const bool m_same; ///< clean and flipped
    const RunExtent m_extent;
    BatchLayout m_layout;
    mutable std::map<Metric, Readout> m_readouts;
    mutable std::map<std::pair<Metric, bool>, std::vector<float>> m_values; ///< of the clean run and the flipped one
    Run m_clean, m_flipped;
    std::shared_ptr<DeviceRuns> m_device_runs;
    bool m_done = false;
};

} // namespace patchbay::detail
