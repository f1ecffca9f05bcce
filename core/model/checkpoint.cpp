#include "model/detail/checkpoint.h"

#include "base/amounts.h"
#include "base/error.h"
#include "base/sha256.h"
#include "io/array_files.h"
#include "io/mapped_file.h"
#include "io/safetensors.h"
#include "model/detail/differences.h"
#include "model/detail/foreign_checkpoint.h"
#include "model/weight_differences.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <set>

namespace patchbay {

int64_t CheckpointTensor::count() const
{
    int64_t n = 1;
    for (const int64_t extent : shape)
        n *= extent;
    return n;
}

namespace {

class MappedSource : public ByteSource {
public:
    explicit MappedSource(const std::filesystem::path &path) : file(path) { }
    const std::byte *view(uint64_t offset, size_t, std::vector<std::byte> &) override { return file.data() + offset; }
    void release(uint64_t begin, uint64_t end) override { file.release(begin, end); }
    const MappedFile file;
};

/// Weights that were put together in memory.
class MadeSource : public ByteSource {
public:
    explicit MadeSource(std::vector<uint16_t> bits) : m_bits(std::move(bits)) { }
    const std::byte *view(uint64_t offset, size_t, std::vector<std::byte> &) override
    {
        return reinterpret_cast<const std::byte *>(m_bits.data()) + offset;
    }

private:
    const std::vector<uint16_t> m_bits;
};

constexpr int longest_chain = 256; // of differences to differences: a folder that is its own base ends there

// Exponent bits all ones: infinity or NaN. Written so that the compiler makes vector code of it.
int64_t count_non_finite(const float *values, size_t count)
{
    int64_t found = 0;
    for (size_t i = 0; i < count; ++i)
        found += (std::bit_cast<uint32_t>(values[i]) & 0x7f800000u) == 0x7f800000u;
    return found;
}

// Strided tensors are rare in checkpoints: their rows are gathered one element at a time from the bytes they span.
void read_strided(const CheckpointTensor &tensor, const std::byte *span, int64_t row, int64_t rows, float *out)
{
    std::vector<int64_t> index(tensor.shape.size(), 0);
    index[0] = row;
    const int64_t row_count = tensor.count() / tensor.shape[0];
    for (int64_t i = 0; i < rows * row_count; ++i) {
        int64_t at = 0;
        for (size_t axis = 0; axis < index.size(); ++axis)
            at += index[axis] * tensor.strides[axis];
        convert_to_float(tensor.dtype, span + at * static_cast<int64_t>(size_of(tensor.dtype)), 1, out + i);
        for (size_t axis = index.size(); axis-- > 0;) {
            if (++index[axis] < tensor.shape[axis] || axis == 0)
                break;
            index[axis] = 0;
        }
    }
}

} // namespace

Checkpoint Checkpoint::open(const std::filesystem::path &folder, const std::vector<std::string> &other_endings)
{
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored))
        throw Error(folder.string(), "is not a folder; give the folder with config.json and the weights");
    const auto present = [&](const char *file) { return std::filesystem::exists(folder / file, ignored); };
    Checkpoint out;
    for (const char *file :
         {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"}) {
        if (!present(file))
            continue;
        const std::filesystem::path path = folder / file;
        out.m_name = path.string();
        if (path.extension() == ".json")
            out.add_index(path);
        else if (path.extension() == ".bin")
            out.add_pytorch(path, nullptr);
        else
            out.add_safetensors(path, nullptr);
        return out;
    }
    if (present(differences_file)) {
        out.add_differences(folder, 0);
        return out;
    }
    for (const std::string &ending : other_endings) {
        std::vector<std::filesystem::path> found;
        for (const auto &entry : std::filesystem::directory_iterator(folder, ignored))
            if (entry.path().filename().string().ends_with(ending))
                found.push_back(entry.path());
        if (found.size() > 1)
            throw Error(folder.string(),
                        "holds " + std::to_string(found.size()) + " files whose names end in " + ending
                            + "; leave the one that is meant");
        if (found.empty())
            continue;
        out.m_name = found.front().string();
        out.add_pytorch(found.front(), nullptr);
        return out;
    }
    refuse_foreign_weights(folder);
    throw Error(
        folder.string(),
        "holds no weights: neither model.safetensors, model.safetensors.index.json nor pytorch_model.bin is there");
}

void Checkpoint::add(const std::string &tensor, CheckpointTensor stored,
                     const std::map<std::string, std::string> *wanted)
{
    if (wanted) {
        const auto it = wanted->find(tensor);
        if (it == wanted->end() || it->second != std::filesystem::path(stored.file).filename())
            return;
    }
    m_tensors.emplace(tensor, std::move(stored));
}

void Checkpoint::add_safetensors(const std::filesystem::path &path, const std::map<std::string, std::string> *wanted)
{
    m_files.push_back(path);
    const auto source = std::make_shared<MappedSource>(path);
    const MappedFile &file = source->file;
    const SafetensorsHeader header = parse_safetensors_header({file.data(), file.size()}, file.size(), path.string());
    for (const auto &[tensor, stored] : header.tensors)
        add(tensor, {stored.dtype, stored.shape, {}, source, stored.begin, path.string()}, wanted);
    // safetensors' save_model writes one of several tied tensors; the metadata says for each of the others which.
    for (const auto &[alias, tensor] : header.metadata)
        if (const auto found = header.tensors.find(tensor);
            found != header.tensors.end() && !header.tensors.contains(alias)) {
            const StoredTensor &stored = found->second;
            m_tensors.emplace(alias,
                              CheckpointTensor{stored.dtype, stored.shape, {}, source, stored.begin, path.string()});
            m_aliases.insert(alias);
        }
}

void Checkpoint::add_pytorch(const std::filesystem::path &path, const std::map<std::string, std::string> *wanted)
{
    m_files.push_back(path);
    for (auto &[tensor, stored] : open_pytorch(path))
        add(tensor, stored, wanted);
}

void Checkpoint::add_differences(const std::filesystem::path &folder, int depth)
{
    const std::filesystem::path file = folder / differences_file;
    std::error_code failed, ignored;
    // Without the links on the way, of which the system follows only so many.
    const std::filesystem::path base = std::filesystem::canonical(folder / differences_base, failed);
    if (failed || !std::filesystem::is_directory(base, ignored))
        throw Error((folder / differences_base).string(),
                    std::string("is missing: the folder with the weights that ") + differences_file
                        + " beside it holds differences to");
    if (depth > longest_chain)
        throw Error(folder.string(), "its weights are differences to themselves");
    Checkpoint from;
    if (std::filesystem::exists(base / differences_file, ignored))
        from.add_differences(base, depth + 1);
    else
        from = open(base);
    const Differences differences = read_differences(file);
    if (differences.base_sha256 != sha256_of_files(from.files()))
        throw Error(file.string(), "holds differences to other weights than those in " + base.string());
    m_name = file.string();
    m_files = from.files();
    m_files.push_back(file);
    for (const auto &[tensor, difference] : differences.tensors) {
        std::vector<float> values;
        if (!difference.steps.empty()) {
            const auto found = from.tensors().find(tensor);
            if (found == from.tensors().end() || found->second.shape != difference.shape)
                throw Error(file.string(), "holds differences to a tensor that " + base.string() + " lacks: " + tensor);
            from.read(tensor, [&](int64_t, int64_t rows, const float *piece) {
                values.insert(values.end(), piece,
                              piece + rows * int64_t(difference.counts.size() / difference.steps.size()));
            });
        }
        m_tensors.emplace(tensor,
                          CheckpointTensor{DType::F16,
                                           difference.shape,
                                           {},
                                           std::make_shared<MadeSource>(weights_of(difference, values)),
                                           0,
                                           file.string()});
    }
}

void Checkpoint::add_index(const std::filesystem::path &index)
{
    const auto root = nlohmann::json::parse(read_file(index), nullptr, false);
    if (!root.is_object() || !root.contains("weight_map") || !root["weight_map"].is_object())
        throw Error(index.string(), "has no \"weight_map\" that says which file holds which tensor");
    std::map<std::string, std::string> wanted;
    std::set<std::string> files;
    for (const auto &[tensor, file] : root["weight_map"].items()) {
        // Only files beside the index: a name with a folder in it could point anywhere.
        if (!file.is_string() || file.get<std::string>().empty()
            || std::filesystem::path(file.get<std::string>()).filename() != file.get<std::string>())
            throw Error(index.string(),
                        "names something else than a file beside it for tensor " + tensor + ": " + file.dump());
        wanted[tensor] = file.get<std::string>();
        files.insert(wanted[tensor]);
    }
    std::vector<std::string> missing;
    std::error_code ignored;
    for (const std::string &file : files)
        if (!std::filesystem::exists(index.parent_path() / file, ignored))
            missing.push_back(file);
    if (!missing.empty())
        throw Error(
            (index.parent_path() / missing.front()).string(),
            "is missing"
                + (missing.size() > 1 ? ", and so are " + std::to_string(missing.size() - 1) + " more" : std::string())
                + "; " + index.filename().string() + " names " + counted(int64_t(files.size()), "file")
                + ": download what is missing into the same folder");
    for (const std::string &file : files) {
        const std::filesystem::path path = index.parent_path() / file;
        if (path.extension() == ".bin")
            add_pytorch(path, &wanted);
        else
            add_safetensors(path, &wanted);
    }
    for (const auto &[tensor, file] : wanted)
        if (!m_tensors.contains(tensor))
            throw Error((index.parent_path() / file).string(),
                        "lacks the tensor " + tensor + ", which " + index.filename().string() + " says it holds");
}

void Checkpoint::read(const std::string &name, const Rows &sink, const CancelToken &cancel) const
{
    const CheckpointTensor &tensor = m_tensors.at(name);
    const int64_t total = tensor.shape.empty() ? 1 : tensor.shape[0];
    const int64_t row_count = total == 0 ? 0 : tensor.count() / total;
    if (row_count == 0)
        return;
    // Small enough to stay in the processor's cache between converting and placing.
    constexpr int64_t kPiece = 1 << 18;
    const int64_t step = std::max<int64_t>(1, kPiece / row_count);
    const uint64_t row_bytes = static_cast<uint64_t>(row_count) * size_of(tensor.dtype);
    std::vector<float> values;
    std::vector<std::byte> scratch;
    const std::byte *gathered = nullptr;
    if (!tensor.strides.empty()) {
        int64_t span = 1;
        for (size_t axis = 0; axis < tensor.shape.size(); ++axis)
            span += (tensor.shape[axis] - 1) * tensor.strides[axis];
        gathered = tensor.source->view(tensor.offset, static_cast<size_t>(span) * size_of(tensor.dtype), scratch);
    }
    int64_t non_finite = 0;
    for (int64_t row = 0; row < total; row += step) {
        cancel.check();
        const int64_t rows = std::min(step, total - row);
        const size_t count = static_cast<size_t>(rows * row_count);
        const float *piece = nullptr; // float32 is used where it lies
        if (tensor.strides.empty()) {
            const uint64_t begin = tensor.offset + static_cast<uint64_t>(row) * row_bytes,
                           bytes = static_cast<uint64_t>(rows) * row_bytes;
            const std::byte *stored = tensor.source->view(begin, bytes, scratch);
            if (tensor.dtype == DType::F32 && reinterpret_cast<uintptr_t>(stored) % alignof(float) == 0) {
                piece = reinterpret_cast<const float *>(stored);
            } else {
                values.resize(count);
                convert_to_float(tensor.dtype, stored, count, values.data());
            }
        } else {
            values.resize(count);
            read_strided(tensor, gathered, row, rows, values.data());
        }
        if (!piece)
            piece = values.data();
        non_finite += count_non_finite(piece, count);
        if (non_finite == 0)
            sink(row, rows, piece);
        if (tensor.strides.empty())
            tensor.source->release(tensor.offset + static_cast<uint64_t>(row) * row_bytes,
                                   tensor.offset + static_cast<uint64_t>(row + rows) * row_bytes);
    }
    if (non_finite > 0)
        throw Error(tensor.file,
                    "tensor " + name + " holds " + std::to_string(non_finite)
                        + (non_finite == 1 ? " number that is" : " numbers that are") + " NaN or infinite");
}

} // namespace patchbay
