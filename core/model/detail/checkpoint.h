// The tensors of a checkpoint folder as they lie on disk, read once, in pieces.
#pragma once

#include "base/cancel.h"
#include "io/dtype.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace patchbay {

/// Bytes that tensors are read from: a mapped file, or an entry of a zip file.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// count bytes from offset on, valid until the next call; scratch may be used to hold them. Throws Error.
    virtual const std::byte *view(uint64_t offset, size_t count, std::vector<std::byte> &scratch) = 0;
    /// [begin, end) will not be needed soon.
    virtual void release(uint64_t begin, uint64_t end) { (void)begin, (void)end; }
};

struct CheckpointTensor {
    DType dtype = DType::F32;
    std::vector<int64_t> shape;
    std::vector<int64_t> strides; ///< in elements; empty: row-major without gaps
    std::shared_ptr<ByteSource> source;
    uint64_t offset = 0; ///< bytes in the source
    std::string file;    ///< for errors
    int64_t count() const;
};

class Checkpoint {
public:
    /// Finds model.safetensors, a sharded index, pytorch_model.bin or differences to another folder's weights
    /// (weight_differences.h) in the folder, or else what torch.save wrote under a name with one of these endings.
    /// Throws Error naming what is absent or damaged.
    static Checkpoint open(const std::filesystem::path &folder, const std::vector<std::string> &other_endings = {});

    /// Also those that only an alias in a file's metadata names.
    const std::map<std::string, CheckpointTensor> &tensors() const { return m_tensors; }
    bool is_alias(const std::string &tensor) const { return m_aliases.contains(tensor); }
    /// Weight files in the order of their names.
    const std::vector<std::filesystem::path> &files() const { return m_files; }
    /// The file (or index) that a missing tensor would be looked for in.
    const std::string &name() const { return m_name; }

    /// Gets the rows [row, row + rows) of a tensor seen as [shape[0], rest], as float32.
    using Rows = std::function<void(int64_t row, int64_t rows, const float *values)>;
    /// Hands over all rows of a tensor in order, about a megabyte at a time. Throws Error naming the tensor when it
    /// holds numbers that are not finite, or when the file cannot be read; Cancelled.
    void read(const std::string &tensor, const Rows &rows, const CancelToken &cancel = {}) const;

private:
    void add_safetensors(const std::filesystem::path &path, const std::map<std::string, std::string> *wanted);
    void add_pytorch(const std::filesystem::path &path, const std::map<std::string, std::string> *wanted);
    void add_index(const std::filesystem::path &index);
    void add_differences(const std::filesystem::path &folder, int depth);
    void add(const std::string &tensor, CheckpointTensor stored, const std::map<std::string, std::string> *wanted);

    std::map<std::string, CheckpointTensor> m_tensors;
    std::set<std::string> m_aliases;
    std::vector<std::filesystem::path> m_files;
    std::string m_name;
};

/// The tensors of a file written by torch.save. Throws Error.
std::map<std::string, CheckpointTensor> open_pytorch(const std::filesystem::path &path);

/// All that is in such a file, whatever it is.
struct PytorchTree {
    std::map<std::string, CheckpointTensor> tensors; ///< those in dicts and lists by "outer.inner"; one alone by ""
    nlohmann::json rest; ///< numbers, texts, lists and dicts; null where a tensor is, and for what is none of these
};
PytorchTree open_pytorch_tree(const std::filesystem::path &path);

} // namespace patchbay
