// A model with planted heads, its weights made by hand: a name mover with what steers it, a head that suppresses S, one
// that writes against the answer, one that takes over when the name mover is gone, and one that only seems to.
#pragma once

#include "io/array_files.h"
#include "model/model.h"
#include "task/prompts.h"

#include <QTemporaryDir>

#include <nlohmann/json.hpp>

#include <cmath>

class PlantedModel {
public:
    static constexpr patchbay::Head s_inhibition{0, 0}, name_mover{1, 0}, same_layer{1, 1}, s_suppressor{1, 2},
        negative_mover{2, 0}, backup{2, 1};

    /// Prompts are [filler, IO, S, filler, S, END]; flipped ones have IO in the place of the second S.
    PlantedModel()
    {
        // Layer 0: END reads the second subject and notes whom not to look at.
        look_at_position(s_inhibition, 4, 12);
        move(s_inhibition, note, 1);
        // Layer 1: END looks at the name that is not noted, and copies it; beside it a head that always copies the
        // first name: nothing that it reads changes, but it gains where the final norm's scale falls.
        look_at_names(name_mover);
        move(name_mover, out, 5);
        look_at_position(same_layer, 1, 12);
        move(same_layer, out, 2.5);
        look_at_position(s_suppressor, 4, 12);
        move(s_suppressor, out, -1);
        // Layer 2: one writes against the name that is written, and less so when the mover is gone; one looks away to
        // the first position as long as a name is written.
        for (int n = 0; n < names; ++n)
            read(negative_mover, n, out + n, 5, name + n);
        read(negative_mover, names, place + end, 12, place);
        move(negative_mover, out, -2);
        look_at_names(backup);
        for (int n = 0; n < names; ++n)
            query(backup, names, out + n, 10);
        key(backup, names, place);
        move(backup, out, 1);
        save();
    }

    std::shared_ptr<const patchbay::Model> load() const
    {
        return patchbay::Model::load({m_folder.path().toStdString(), {}, false});
    }

    static patchbay::PromptBatch prompts()
    {
        std::vector<int64_t> clean, flipped, io, s;
        const auto row = [](std::vector<int64_t> &to, std::initializer_list<int64_t> ids) { to.insert(to.end(), ids); };
        for (int64_t i = 0; i < 12; ++i) {
            const int64_t a = i % names, b = (i * 3 + 1) % names == a ? (a + 1) % names : (i * 3 + 1) % names;
            row(clean, {9, a, b, 10, b, 11});
            row(flipped, {9, a, b, 10, a, 11});
            io.push_back(a);
            s.push_back(b);
        }
        const int64_t P = int64_t(io.size());
        const auto every = [P](int64_t value) { return patchbay::Array{{P}, std::vector<int64_t>(size_t(P), value)}; };
        return patchbay::batch_from_arrays({{"clean", {{P, 6}, clean}},
                                            {"flipped", {{P, 6}, flipped}},
                                            {"end", every(end)},
                                            {"io", {{P}, io}},
                                            {"s", {{P}, s}},
                                            {"io_pos", every(1)},
                                            {"s1_pos", every(2)},
                                            {"s2_pos", every(4)}},
                                           "planted");
    }

private:
    static constexpr int layers = 3, heads = 4, d_head = 16, d_model = heads * d_head, vocab = 20, context = 32;
    static constexpr int names = 8, end = 5;
    // Where in the residual stream what stands: a name that is there, one that is written, one that is noted, a place.
    static constexpr int name = 0, out = 8, note = 16, place = 24, filler = 40;
    /// About what the first norms divide by: one place, one name and the fillers.
    const float scale = std::sqrt(10.f / d_model);

    float &attention(patchbay::Head head, int part, int row, int column)
    {
        return m_qkv[size_t(head.layer)]
                    [size_t(row) * 3 * d_model + size_t(part * d_model + head.head * d_head + column)];
    }
    void query(patchbay::Head head, int column, int from, float strength)
    {
        attention(head, 0, from, column) = strength * scale * std::sqrt(float(d_head));
    }
    void key(patchbay::Head head, int column, int from) { attention(head, 1, from, column) = scale; }
    void read(patchbay::Head head, int column, int query_from, float strength, int key_from)
    {
        query(head, column, query_from, strength);
        key(head, column, key_from);
    }
    void look_at_position(patchbay::Head head, int position, float strength)
    {
        read(head, 0, place + end, strength, place + position);
    }
    void look_at_names(patchbay::Head head)
    {
        for (int n = 0; n < names; ++n) {
            read(head, n, place + end, 12, name + n);
            query(head, n, note + n, -12);
        }
    }
    void move(patchbay::Head head, int to, float gain)
    {
        for (int n = 0; n < names; ++n) {
            attention(head, 2, name + n, n) = scale;
            m_out[size_t(head.layer)][size_t(head.head * d_head + n) * d_model + size_t(to + n)] = gain;
        }
    }

    void save() const
    {
        using patchbay::Array;
        const auto constant = [](std::vector<int64_t> shape, float value) {
            int64_t count = 1;
            for (const int64_t size : shape)
                count *= size;
            return Array{shape, std::vector<float>(size_t(count), value)};
        };
        Array tokens = constant({vocab, d_model}, 0), places = constant({context, d_model}, 0), unembed = tokens;
        for (int n = 0; n < names; ++n) {
            tokens.floats()[size_t(n * d_model + name + n)] = 1;
            unembed.floats()[size_t(n * d_model + out + n)] = 1;
        }
        for (int p = 0; p < context; ++p) {
            if (p <= end)
                places.floats()[size_t(p * d_model + place + p)] = 1;
            places.floats()[size_t(p * d_model + filler)] = 2;
            places.floats()[size_t(p * d_model + filler + 1)] = -2;
        }
        patchbay::ArrayMap arrays{{"transformer.wte.weight", tokens},
                                  {"transformer.wpe.weight", places},
                                  {"lm_head.weight", unembed},
                                  {"transformer.ln_f.weight", constant({d_model}, 1)},
                                  {"transformer.ln_f.bias", constant({d_model}, 0)}};
        for (int l = 0; l < layers; ++l) {
            const std::string prefix = "transformer.h." + std::to_string(l) + ".";
            for (const char *norm : {"ln_1", "ln_2"}) {
                arrays[prefix + norm + ".weight"] = constant({d_model}, 1);
                arrays[prefix + norm + ".bias"] = constant({d_model}, 0);
            }
            arrays[prefix + "attn.c_attn.weight"] = {{d_model, 3 * d_model}, m_qkv[size_t(l)]};
            arrays[prefix + "attn.c_attn.bias"] = constant({3 * d_model}, 0);
            arrays[prefix + "attn.c_proj.weight"] = {{d_model, d_model}, m_out[size_t(l)]};
            arrays[prefix + "attn.c_proj.bias"] = constant({d_model}, 0);
            arrays[prefix + "mlp.c_fc.weight"] = constant({d_model, 4}, 0);
            arrays[prefix + "mlp.c_fc.bias"] = constant({4}, 0);
            arrays[prefix + "mlp.c_proj.weight"] = constant({4, d_model}, 0);
            arrays[prefix + "mlp.c_proj.bias"] = constant({d_model}, 0);
        }
        const std::filesystem::path folder = m_folder.path().toStdString();
        patchbay::write_arrays(folder / "model.safetensors", arrays);
        const nlohmann::json config{{"model_type", "gpt2"},
                                    {"n_layer", layers},
                                    {"n_head", heads},
                                    {"n_embd", d_model},
                                    {"n_inner", 4},
                                    {"vocab_size", vocab},
                                    {"n_positions", context},
                                    {"layer_norm_epsilon", 1e-5},
                                    {"tie_word_embeddings", false}};
        patchbay::write_file(folder / "config.json", config.dump());
    }

    QTemporaryDir m_folder;
    std::vector<std::vector<float>> m_qkv =
        std::vector<std::vector<float>>(layers, std::vector<float>(d_model * 3 * d_model)); ///< [D, 3 D] each
    std::vector<std::vector<float>> m_out =
        std::vector<std::vector<float>>(layers, std::vector<float>(d_model *d_model)); ///< [H d, D] each
};
