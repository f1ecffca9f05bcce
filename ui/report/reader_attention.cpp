#include "report/reader_attention.h"

#include "model/model.h"
#include "model/model_folder.h"
#include "patching/session.h"
#include "task/task_source.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace {

constexpr int64_t most_bytes = 3 << 20;                 // of patterns, of one model and task
constexpr uintmax_t largest_model = uintmax_t(2) << 30; // weights: more take longer than a page is waited for
constexpr int most_prompts = 8;

QByteArray in255ths(const std::vector<float> &weights)
{
    QByteArray out;
    out.reserve(qsizetype(weights.size()));
    for (const float weight : weights)
        out += char(uchar(std::lround(255 * std::clamp(weight, 0.f, 1.f))));
    return out;
}

QStringList strings(const std::vector<std::string> &texts)
{
    QStringList out;
    for (const std::string &text : texts)
        out << QString::fromStdString(text);
    return out;
}

QString promptName(int prompt)
{
    return QStringLiteral("Prompt %1").arg(prompt + 1);
}

/// The patterns of runs that kept them.
ReaderAttention kept(const ProjectContents &contents, const RunSpec &of)
{
    ReaderAttention out;
    QMap<int, qsizetype> places; // of prompts
    for (const auto &[id, result] : contents.results) {
        const Analysis *analysis = result ? result->spec.as<Analysis>() : nullptr;
        if (!analysis || analysis->name != "attention-patterns" || !(result->spec.model == of.model)
            || !(result->spec.task == of.task) || !result->summary.is_object() || !result->summary.contains("tokens"))
            continue;
        const nlohmann::json &options = analysis->options;
        if (options.is_object() && (options.value("flipped", false) || options.value("value_weighted", false)))
            continue;
        const int prompt = result->summary.value("prompt", 0);
        if (!places.contains(prompt)) {
            places[prompt] = out.prompts.size();
            out.prompts << ReaderAttention::Prompt{
                promptName(prompt), strings(result->summary.at("tokens").get<std::vector<std::string>>())};
        }
        const qsizetype place = places.value(prompt), size = out.prompts[place].tokens.size();
        for (const auto &[name, array] : result->arrays)
            if (name.starts_with("pattern.") && array.is_float() && array.count() == size * size) {
                QVector<QByteArray> &list = out.heads[QString::fromStdString(name.substr(8))];
                list.resize(std::max(list.size(), place + 1));
                list[place] = in255ths(array.floats());
            }
    }
    return out;
}

PromptBatch firstPrompts(PromptBatch batch, int count)
{
    const auto cut = [&](auto &list, size_t each = 1) {
        if (list.size() > size_t(count) * each)
            list.resize(size_t(count) * each);
    };
    cut(batch.clean, size_t(batch.width));
    cut(batch.flipped, size_t(batch.width));
    for (std::vector<int64_t> *list : {&batch.io, &batch.s})
        cut(*list);
    cut(batch.end);
    cut(batch.answers);
    cut(batch.wrongs);
    cut(batch.tokens);
    cut(batch.flipped_tokens);
    for (auto &[role, positions] : batch.roles)
        cut(positions);
    batch.prompts = std::min(batch.prompts, count);
    return batch;
}

uintmax_t bytesOfWeights(const std::filesystem::path &folder)
{
    uintmax_t bytes = 0;
    for (const auto &entry : std::filesystem::directory_iterator(folder)) {
        const std::filesystem::path ending = entry.path().extension();
        if (entry.is_regular_file() && (ending == ".safetensors" || ending == ".bin" || ending == ".pt"))
            bytes += entry.file_size();
    }
    return bytes;
}

/// Of all heads, with the model itself. Throws where it is not here, or is another one by now.
ReaderAttention computed(const RunSpec &of)
{
    ReaderAttention out;
    const std::filesystem::path folder = model_folder(of.model.path, of.model.commit);
    if (bytesOfWeights(folder) > largest_model)
        return out;
    const std::shared_ptr<const Model> model = Model::load({folder, of.model.processing});
    if (!of.model.sha256.empty() && model->trust().sha256 != of.model.sha256)
        return out;
    const ModelConfig &config = model->config();
    const PromptBatch all = load_batch(of.task, *model);
    const int64_t longest = *std::max_element(all.end.begin(), all.end.end()) + 1;
    const int64_t each = int64_t(config.n_layers) * config.n_heads * longest * longest * 4 / 3;
    const int count = int(std::min<int64_t>(most_prompts, most_bytes / each));
    if (count < 1)
        return out;
    Session session(model, firstPrompts(all, count));
    session.baseline();
    std::vector<AttentionOf> wanted;
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (int head = 0; head < config.n_heads; ++head)
            wanted.push_back({{layer, head}});
    const PromptBatch &batch = session.batch();
    for (int p = 0; p < batch.prompts; ++p) {
        QStringList tokens;
        for (int pos = 0; pos <= batch.end[size_t(p)]; ++pos)
            tokens << (batch.tokens.empty() ? QString::number(batch.at(false, p, pos))
                                            : QString::fromStdString(batch.tokens[size_t(p)][size_t(pos)]));
        out.prompts << ReaderAttention::Prompt{promptName(p), tokens};
    }
    for (const AttentionPattern &pattern : session.attention(wanted)) {
        QVector<QByteArray> &list = out.heads[QString::fromStdString(dotted(pattern.head))];
        for (const std::vector<float> &weights : pattern.weights)
            list << in255ths(weights);
    }
    return out;
}

} // namespace

ReaderAttention attentionForReader(const ProjectContents &contents, const RunSpec &of)
{
    try {
        if (ReaderAttention all = computed(of); !all.isEmpty())
            return all;
    } catch (const Error &) { // a model that is elsewhere by now is no reason for no page
    }
    return kept(contents, of);
}

} // namespace patchbay
