// Requests and events with every field at random, as far as they are sound.
#pragma once

#include "remote/detail/values.h"
#include "remote/message.h"

#include <cmath>
#include <limits>
#include <random>

namespace patchbay::testing {

using namespace remote;

class RandomMessages {
public:
    explicit RandomMessages(unsigned seed) : m_random(seed) { }

    /// Of the kind with this index.
    template <class Variant, size_t I = 0>
    Variant of_kind(size_t kind)
    {
        if constexpr (I + 1 < std::variant_size_v<Variant>)
            if (kind != I)
                return of_kind<Variant, I + 1>(kind);
        return any<std::variant_alternative_t<I, Variant>>();
    }

    int below(int end) { return int(m_random() % unsigned(end)); }

    template <class T>
    T any()
    {
        T value{};
        fill(value);
        return value;
    }

private:
    template <class T>
    void fill(T &v)
    {
        if constexpr (std::is_same_v<T, bool>)
            v = below(2) == 1;
        else if constexpr (std::integral<T>)
            v = T(below(100));
        else if constexpr (std::floating_point<T>)
            v = T(number());
        else if constexpr (std::is_same_v<T, std::string>)
            v = text();
        else if constexpr (std::is_same_v<T, std::filesystem::path>)
            v = "/folder/" + text();
        else if constexpr (std::is_enum_v<T>)
            fill_enum(v);
        else if constexpr (is_a<T, std::vector>) {
            v.resize(size_t(below(4)));
            for (auto &one : v)
                fill(one);
        } else if constexpr (is_a<T, std::map>) {
            for (int i = below(3); i > 0; --i)
                fill(v[text() + std::to_string(i)]);
        } else if constexpr (is_a<T, std::optional>) {
            if (below(3))
                fill(v.emplace());
        } else if constexpr (is_a<T, std::shared_ptr>) {
            if (below(4))
                v = std::make_shared<const typename T::element_type>(
                    any<std::remove_const_t<typename T::element_type>>());
        } else if constexpr (is_a<T, std::variant>)
            v = of_kind<T>(size_t(below(int(std::variant_size_v<T>))));
        else if constexpr (requires { special(v); })
            special(v);
        else {
            visit_fields(v, [this](const char *, auto &field) { fill(field); });
            if constexpr (requires { make_sound(v); })
                make_sound(v);
        }
    }

    double number()
    {
        constexpr double odd[] = {0, -0.0, 1.0 / 3, 1e300, -1e-300, 4e-324, HUGE_VAL, -HUGE_VAL};
        const int which = below(24);
        return which < 8 ? odd[which]
            : which == 8 ? std::numeric_limits<double>::quiet_NaN()
                         : std::normal_distribution<double>()(m_random);
    }

    std::string text()
    {
        const char *pieces[] = {"", " Mary", "\"quoted\"", "\\", "Ġthe", "日本", "\n", "{}", "NaN", "L9H6", "%"};
        std::string out;
        for (int i = below(4); i > 0; --i)
            out += pieces[below(11)];
        return out;
    }

    template <class Enum>
    void fill_enum(Enum &v)
    {
        v = Enum(below(int(last_of<Enum>) + 1));
    }
    void fill_enum(Site &v) { v = Site(below(5)); }
    void fill_enum(Direction &v) { v = Direction(below(2)); }
    void fill_enum(Metric &v) { v = Metric(below(6)); }
    void fill_enum(Bos &v) { v = Bos(below(3)); }

    // Values that do not cross by their fields.

    void special(Head &v) { v = {below(40), below(40)}; }
    void special(nlohmann::json &v)
    {
        switch (below(6)) {
        case 0:
            v = nullptr;
            break;
        case 1:
            v = number();
            break;
        case 2:
            v = text();
            break;
        case 3:
            v = -below(100);
            break;
        default:
            v = {{"key", number()}, {"list", {text(), number(), below(7), true}}, {"number", "nan"}};
            v["in"] = {{"number", number()}, {"text", text()}};
        }
    }
    void special(Array &v)
    {
        v.shape = {below(3), 1 + below(3)};
        const size_t count = size_t(v.count());
        if (below(2)) {
            v.values = std::vector<float>(count, float(number()));
        } else {
            v.values = std::vector<int64_t>(count, std::numeric_limits<int64_t>::min() + below(9));
        }
    }
    void special(ModelRef &v)
    {
        v.path = below(2) ? "demo" : text();
        v.commit = text();
        v.sha256 = text();
        v.processing.fold_ln = below(2);
        v.processing.center_unembed = below(2);
        if (below(2))
            v.dtype = DType::BF16;
    }
    void special(TaskRef &v)
    {
        v.kind = task_kinds[size_t(below(5))].name;
        v.prompts = 1 + below(90);
        v.seed = -below(90);
        v.file = text();
        v.bos = any<Bos>();
        v.excluded = any<std::vector<int>>();
        v.sha256 = text();
        if (below(2))
            v.pad_id = below(9);
        if (below(3) == 0)
            v.pairs = {{{"clean", text()}, {"flipped", text()}, {"answer", " a"}, {"wrong", " b"}}};
    }
    void special(RunSpec &v)
    {
        switch (below(3)) {
        case 0: {
            ActPatch sweep;
            sweep.sites = {Site::Z, Site::V};
            sweep.heads = any<std::vector<Head>>();
            sweep.direction = any<Direction>();
            v = spec_of(sweep);
            break;
        }
        case 1: {
            PathPatch path;
            path.receivers = parse_ends("q:2.1,k:0.3");
            path.direct_includes_mlps = below(2);
            v = spec_of(path);
            break;
        }
        default:
            v = spec_of(Analysis{"dla", any<std::vector<Head>>(), {{"threshold", below(9)}}});
        }
        special(v.model);
        special(v.task);
        v.metric = info(any<Metric>()).name;
    }
    void special(Recipe &v)
    {
        v = recipe_from_json({{"format", "patchbay-recipe"},
                              {"version", 1},
                              {"name", text()},
                              {"title", text()},
                              {"steps", {{{"id", "first"}, {"title", text()}, {"kind", "baseline"}}}}},
                             "made");
    }
    void special(RunResult &v)
    {
        visit_fields(v, [this]<class Field>(const char *, Field &field) {
            if constexpr (!std::is_same_v<Field, std::vector<Grid>>)
                fill(field);
        });
        Baseline &baseline = v.baseline;
        const size_t prompts = size_t(below(4));
        for (auto *values : {&baseline.clean, &baseline.flipped})
            values->assign(prompts, float(number()));
        for (auto *flags : {&baseline.clean_rank0, &baseline.flipped_rank0})
            flags->assign(prompts, uint8_t(below(2)));
        for (int g = below(3); g > 0; --g) {
            Grid grid = any<Grid>();
            grid.axes = {"layer", "head"};
            grid.shape = {below(3), 1 + below(3)};
            grid.prompts = int(prompts);
            const size_t cells = size_t(grid.shape[0] * grid.shape[1]);
            grid.state.assign(cells, CellState::Missing);
            grid.estimate.assign(below(2) ? cells : 0, float(number()));
            grid.per_prompt.assign(cells * prompts, std::numeric_limits<float>::quiet_NaN());
            for (size_t cell = 0; cell < cells; ++cell)
                if (below(2)) {
                    grid.state[cell] = CellState::Exact;
                    for (size_t p = 0; p < prompts; ++p)
                        grid.per_prompt[cell * prompts + p] = float(number());
                }
            v.grids.push_back(std::move(grid));
        }
    }
    void special(Cells &v)
    {
        v.grid = below(3);
        v.state = any<CellState>();
        v.cells = any<std::vector<int>>();
        const size_t prompts = size_t(1 + below(3));
        v.per_prompt.assign(v.cells.size() * prompts, float(number()));
        v.estimates.assign(below(2) ? v.cells.size() : 0, float(number()));
        v.flops = number();
        v.seconds = number();
    }
    void special(AttentionPattern &v)
    {
        v.head = any<Head>();
        v.sizes = any<std::vector<int>>();
        for (int &size : v.sizes) {
            size = size % 5;
            v.weights.emplace_back(size_t(size * size), float(number()));
        }
    }

    // Values whose fields have to fit each other.

    void make_sound(Stability &v)
    {
        v.best_rank.assign(v.among_top.size(), below(9));
        v.worst_rank.assign(v.among_top.size(), below(9));
    }
    void make_sound(PromptBatch &v)
    {
        v.prompts = below(4);
        v.width = 1 + below(4);
        const size_t prompts = size_t(v.prompts);
        v.clean.assign(prompts * size_t(v.width), below(50000));
        v.flipped.assign(prompts * size_t(v.width), below(50000));
        v.end.assign(prompts, below(v.width));
        v.io.assign(prompts, below(9));
        v.s.assign(prompts, below(9));
        v.answers.resize(below(2) ? prompts : 0);
        v.wrongs.resize(below(2) ? prompts : 0);
        v.tokens.resize(below(2) ? prompts : 0);
        v.flipped_tokens.resize(v.tokens.size());
        for (auto &[role, positions] : v.roles)
            positions.assign(prompts, below(v.width));
    }
    void make_sound(Setup &v)
    {
        v.clean_tokens.resize(v.pairs.size());
        v.flipped_tokens.resize(v.pairs.size());
        v.batch_pairs.clear();
        if (!v.pairs.empty())
            v.batch_pairs.assign(size_t(v.batch.prompts), below(int(v.pairs.size())));
        v.trust.config.n_kv_heads = 1 + below(4);
        v.trust.config.n_layers = int(v.trust.config.layer_traits.size());
    }
    void make_sound(TriedText &v) { v.tokens.resize(v.ids.size()); }
    void make_sound(HeadsOverSteps &v)
    {
        v.layers = below(3);
        v.heads = below(3);
        for (HeadsOverSteps::Step &step : v.steps) {
            step.values.assign(size_t(v.layers * v.heads), number());
            step.half_width.clear();
        }
    }
    void make_sound(SeriesMeasures &v)
    {
        const size_t steps = v.heads.steps.size();
        v.baselines.resize(steps);
        v.roles.resize(steps);
        for (auto *list : {&v.alike.top, &v.alike.weighted, &v.alike.top_before, &v.alike.weighted_before})
            list->assign(steps, number());
        v.first.assign(size_t(v.heads.layers * v.heads.heads), std::nullopt);
        for (auto &first : v.first)
            if (steps > 0 && below(2))
                first = size_t(below(int(steps)));
    }
    template <class Asks>
    void make_sure(std::shared_ptr<const Asks> &what)
    {
        while (!what)
            fill(what);
    }
    void make_sound(IntervalsRequest &v) { make_sure(v.result); }
    void make_sound(StabilityRequest &v) { make_sure(v.result); }
    void make_sound(DownloadRequest &v) { make_sure(v.plan); }
    void make_sound(MeasureSeriesRequest &v) { make_sure(v.series); }

    std::mt19937 m_random;
};

} // namespace patchbay::testing
