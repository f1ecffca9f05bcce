// A reader for the pickles that torch.save writes for state dicts. It builds data and runs nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// One object of a pickle. Objects refer to each other by their index, so that cycles are harmless.
struct PickleValue {
    enum class Kind { None, Mark, Bool, Int, Float, Text, List, Tuple, Dict, Global, Storage, Tensor };
    Kind kind = Kind::None;
    int64_t number = 0;        ///< Bool, Int; Tensor: offset in its storage, in elements
    double real = 0;           ///< Float
    std::string text;          ///< Text; Global: "module name"
    std::vector<size_t> items; ///< List, Tuple; Dict: key, value, key, value …; Storage: the persistent id's parts;
                               ///< Tensor: storage, shape, strides
};

/// Reads a pickle of protocols 0 to 5 as far as state dicts need it: numbers, texts, lists, tuples, dicts, OrderedDict,
/// tensors and parameters. Anything else, such as a call of another function, is an Error with the subject `name` that
/// says what it is.
class Pickle {
public:
    Pickle(std::string_view bytes, std::string name);
    const PickleValue &root() const { return m_values[m_root]; }
    const PickleValue &value(size_t index) const { return m_values[index]; }

private:
    using Kind = PickleValue::Kind;
    void step(unsigned char opcode);
    void reduce();
    void build_tensor(const std::vector<size_t> &arguments);
    size_t push(PickleValue value);
    size_t pop();
    std::vector<size_t> pop_to_mark();
    PickleValue &container(Kind kind, const char *what);
    std::string_view take(size_t count);
    std::string line();
    uint64_t number(size_t bytes);
    void push_kind(Kind kind, std::vector<size_t> items = {});
    void push_text(std::string text);
    void push_int(int64_t number);
    void get(uint64_t key);
    void set_items(const std::vector<size_t> &items);
    [[noreturn]] void fail(const std::string &cause) const;

    std::string_view m_bytes;
    std::string m_name;
    size_t m_at = 0;
    bool m_done = false;
    std::deque<PickleValue> m_values;
    std::vector<size_t> m_stack;
    std::map<uint64_t, size_t> m_memo;
    size_t m_root = 0;
};

} // namespace patchbay
