#include "base/error.h"
#include "io/array_files.h"
#include "io/git_lfs.h"
#include "io/zip_archive.h"
#include "model/detail/checkpoint.h"
#include "model/detail/pickle.h"

#include <fstream>
#include <limits>
#include <optional>

namespace patchbay {

namespace {

constexpr uint64_t kLargestPickle = 256 << 20;
constexpr int kDeepest = 16, kMostObjects = 4'000'000;

/// A storage inside the zip file, read from front to back; going back starts over.
class ZipSource : public ByteSource {
public:
    ZipSource(std::shared_ptr<const ZipArchive> archive, ZipArchive::Entry entry)
        : m_archive(std::move(archive)), m_entry(std::move(entry))
    {
    }

    const std::byte *view(uint64_t offset, size_t count, std::vector<std::byte> &scratch) override
    {
        if (!m_stream || offset < m_stream->position())
            m_stream.emplace(*m_archive, m_entry);
        scratch.resize(count);
        std::vector<std::byte> skipped(std::min<uint64_t>(offset - m_stream->position(), 1 << 16));
        while (offset > m_stream->position())
            m_stream->read(skipped.data(),
                           static_cast<size_t>(std::min<uint64_t>(offset - m_stream->position(), skipped.size())));
        m_stream->read(scratch.data(), count);
        return scratch.data();
    }

private:
    std::shared_ptr<const ZipArchive> m_archive;
    ZipArchive::Entry m_entry;
    std::optional<ZipArchive::Stream> m_stream;
};

std::optional<DType> storage_dtype(const std::string &global)
{
    const std::pair<const char *, DType> known[] = {
        {"torch FloatStorage", DType::F32},  {"torch HalfStorage", DType::F16}, {"torch BFloat16Storage", DType::BF16},
        {"torch DoubleStorage", DType::F64}, {"torch LongStorage", DType::I64}, {"torch IntStorage", DType::I32},
        {"torch ShortStorage", DType::I16},  {"torch CharStorage", DType::I8},  {"torch ByteStorage", DType::U8},
        {"torch BoolStorage", DType::Bool},
    };
    for (const auto &[name, dtype] : known)
        if (global == name)
            return dtype;
    return std::nullopt;
}

class StateDict {
public:
    explicit StateDict(const std::filesystem::path &path)
        : m_file(path.string()), m_archive(std::make_shared<ZipArchive>(path))
    {
        for (const ZipArchive::Entry &entry : m_archive->entries())
            m_entries.emplace(entry.name, &entry);
    }

    std::map<std::string, CheckpointTensor> read()
    {
        const std::string bytes = pickled();
        const Pickle pickle(bytes, m_file);
        const PickleValue &dict = pickle.root();
        if (dict.kind != PickleValue::Kind::Dict)
            throw Error(m_file, "does not hold a state dict");
        std::map<std::string, CheckpointTensor> out;
        for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
            const PickleValue &key = pickle.value(dict.items[i]), &value = pickle.value(dict.items[i + 1]);
            if (key.kind == PickleValue::Kind::Text && value.kind == PickleValue::Kind::Tensor)
                out[key.text] = tensor(pickle, value, key.text);
        }
        if (out.empty())
            throw Error(m_file, "holds no tensors by name; save the model's state_dict()");
        return out;
    }

    PytorchTree read_tree()
    {
        const std::string bytes = pickled();
        const Pickle pickle(bytes, m_file);
        PytorchTree out;
        out.rest = branch(pickle, pickle.root(), "", 0, out.tensors);
        return out;
    }

private:
    /// The pickle, after a look at what it refers to.
    std::string pickled()
    {
        const ZipArchive::Entry *root = nullptr;
        for (const auto &[name, entry] : m_entries)
            if (name == "data.pkl" || name.ends_with("/data.pkl"))
                root = entry;
        if (!root)
            throw Error(m_file, "is a zip file without data.pkl, so not one that torch.save wrote");
        if (root->size > kLargestPickle)
            throw Error(m_file,
                        "its data.pkl of " + std::to_string(root->size) + " bytes is too large for a state dict");
        m_folder = root->name.substr(0, root->name.size() - std::string("data.pkl").size());
        if (const auto order = m_entries.find(m_folder + "byteorder");
            order != m_entries.end() && order->second->size < 16 && m_archive->read(*order->second) != "little")
            throw Error(m_file, "was written on a big-endian machine, which is not supported");
        return m_archive->read(*root);
    }

    // Objects may refer to each other, and so to themselves: depth and number have an end.
    nlohmann::json branch(const Pickle &pickle, const PickleValue &value, const std::string &name, int depth,
                          std::map<std::string, CheckpointTensor> &tensors)
    {
        using Kind = PickleValue::Kind;
        if (depth > kDeepest || ++m_visited > kMostObjects)
            throw Error(m_file, "has objects within objects without end");
        const auto inner = [&](const std::string &key) { return name.empty() ? key : name + "." + key; };
        switch (value.kind) {
        case Kind::Bool:
            return value.number != 0;
        case Kind::Int:
            return value.number;
        case Kind::Float:
            return value.real;
        case Kind::Text:
            return value.text;
        case Kind::Tensor:
            tensors[name] = tensor(pickle, value, name);
            return nullptr;
        case Kind::List:
        case Kind::Tuple: {
            nlohmann::json list = nlohmann::json::array();
            for (size_t i = 0; i < value.items.size(); ++i)
                list.push_back(
                    branch(pickle, pickle.value(value.items[i]), inner(std::to_string(i)), depth + 1, tensors));
            return list;
        }
        case Kind::Dict: {
            nlohmann::json dict = nlohmann::json::object();
            for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
                const PickleValue &key = pickle.value(value.items[i]);
                if (key.kind != Kind::Text && key.kind != Kind::Int)
                    continue;
                const std::string text = key.kind == Kind::Text ? key.text : std::to_string(key.number);
                dict[text] = branch(pickle, pickle.value(value.items[i + 1]), inner(text), depth + 1, tensors);
            }
            return dict;
        }
        default:
            return nullptr;
        }
    }

    CheckpointTensor tensor(const Pickle &pickle, const PickleValue &value, const std::string &name)
    {
        const auto fail = [&](const std::string &cause) { throw Error(m_file, "tensor " + name + " " + cause); };
        const auto &storage = pickle.value(value.items[0]).items; // "storage", type, key, device, elements
        CheckpointTensor out;
        out.file = m_file;
        const std::string &type = pickle.value(storage[1]).text;
        const auto dtype = storage_dtype(type);
        if (!dtype)
            fail("has the unsupported storage type \"" + type + "\"");
        out.dtype = *dtype;
        const std::string entry_name = m_folder + "data/" + pickle.value(storage[2]).text;
        const auto entry = m_entries.find(entry_name);
        if (entry == m_entries.end())
            fail("lacks its data (" + entry_name + ")");
        const auto elements = static_cast<int64_t>(entry->second->size / size_of(out.dtype));
        if (value.number < 0 || value.number > elements)
            fail("starts outside its data");
        out.offset = static_cast<uint64_t>(value.number) * size_of(out.dtype);

        const auto numbers = [&](size_t index) {
            std::vector<int64_t> list;
            for (const size_t item : pickle.value(value.items[index]).items) {
                if (pickle.value(item).kind != PickleValue::Kind::Int || pickle.value(item).number < 0)
                    fail("has a shape that is not understood");
                list.push_back(pickle.value(item).number);
            }
            return list;
        };
        out.shape = numbers(1);
        const std::vector<int64_t> strides = numbers(2);
        if (strides.size() != out.shape.size())
            fail("has a shape that is not understood");
        // The last element that it reaches must lie inside; each step is checked before it is taken, as the numbers can
        // be anything.
        int64_t left = elements - value.number, count = 1, row_major = 1;
        bool plain = true;
        for (const int64_t extent : out.shape)
            if (extent != 0 && count > std::numeric_limits<int64_t>::max() / extent)
                fail("has an absurd shape");
            else
                count *= extent;
        for (size_t axis = out.shape.size(); axis-- > 0;) {
            const int64_t steps = out.shape[axis] - 1;
            if (count > 0 && steps > 0 && strides[axis] > (left - 1) / steps)
                fail("is larger than its data: the file is damaged or truncated");
            if (count > 0 && steps > 0)
                left -= steps * strides[axis];
            plain = plain && (out.shape[axis] == 1 || strides[axis] == row_major);
            row_major *= out.shape[axis];
        }
        if (count > 0 && left < 1)
            fail("is larger than its data: the file is damaged or truncated");
        if (!plain)
            out.strides = strides;
        // Tensors that share a storage share its source.
        auto &source = m_sources[entry_name];
        if (!source)
            source = std::make_shared<ZipSource>(m_archive, *entry->second);
        out.source = source;
        return out;
    }

    std::string m_file, m_folder;
    int m_visited = 0;
    std::shared_ptr<const ZipArchive> m_archive;
    std::map<std::string, const ZipArchive::Entry *> m_entries;
    std::map<std::string, std::shared_ptr<ZipSource>> m_sources;
};

// Throws Error where it is another format, and says which.
void check_format(const std::filesystem::path &path)
{
    std::ifstream in(path, std::ios::binary);
    char start[2] = {};
    in.read(start, sizeof(start));
    if (!in)
        throw Error(path.string(), "cannot be read, or is empty");
    if (start[0] == '\x80')
        throw Error(
            path.string(),
            "is in PyTorch's format from before version 1.6, which is not supported; load it and save it again with a "
            "newer PyTorch, or as safetensors");
    std::string more(100, '\0');
    in.seekg(0).read(more.data(), std::streamsize(more.size()));
    refuse_git_lfs_pointer(more, path);
    if (start[0] != 'P' || start[1] != 'K')
        throw Error(path.string(), "is not a file that torch.save wrote");
}

} // namespace

std::map<std::string, CheckpointTensor> open_pytorch(const std::filesystem::path &path)
{
    check_format(path);
    return StateDict(path).read();
}

PytorchTree open_pytorch_tree(const std::filesystem::path &path)
{
    check_format(path);
    return StateDict(path).read_tree();
}

} // namespace patchbay
