#include "model/detail/pickle.h"

#include "base/error.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace patchbay {

Pickle::Pickle(std::string_view bytes, std::string name) : m_bytes(bytes), m_name(std::move(name))
{
    while (!m_done)
        step(static_cast<unsigned char>(take(1)[0]));
}

void Pickle::fail(const std::string &cause) const
{
    throw Error(m_name, cause);
}

std::string_view Pickle::take(size_t count)
{
    if (count > m_bytes.size() - m_at)
        fail("its pickle ends too early");
    m_at += count;
    return m_bytes.substr(m_at - count, count);
}

std::string Pickle::line()
{
    const size_t end = m_bytes.find('\n', m_at);
    if (end == std::string_view::npos)
        fail("its pickle ends too early");
    const std::string out(m_bytes.substr(m_at, end - m_at));
    m_at = end + 1;
    return out;
}

uint64_t Pickle::number(size_t bytes)
{
    uint64_t out = 0;
    std::memcpy(&out, take(bytes).data(), bytes);
    return out;
}

size_t Pickle::push(PickleValue value)
{
    m_values.push_back(std::move(value));
    m_stack.push_back(m_values.size() - 1);
    return m_stack.back();
}

void Pickle::push_kind(Kind kind, std::vector<size_t> items)
{
    PickleValue value;
    value.kind = kind;
    value.items = std::move(items);
    push(std::move(value));
}

void Pickle::push_text(std::string text)
{
    PickleValue value;
    value.kind = Kind::Text;
    value.text = std::move(text);
    push(std::move(value));
}

void Pickle::push_int(int64_t number)
{
    PickleValue value;
    value.kind = Kind::Int;
    value.number = number;
    push(std::move(value));
}

size_t Pickle::pop()
{
    if (m_stack.empty())
        fail("its pickle is damaged: it takes more from the stack than there is");
    const size_t top = m_stack.back();
    m_stack.pop_back();
    return top;
}

std::vector<size_t> Pickle::pop_to_mark()
{
    size_t at = m_stack.size();
    while (at > 0 && m_values[m_stack[at - 1]].kind != Kind::Mark)
        --at;
    if (at == 0)
        fail("its pickle is damaged: a mark is missing");
    std::vector<size_t> items(m_stack.begin() + static_cast<std::ptrdiff_t>(at), m_stack.end());
    m_stack.resize(at - 1);
    return items;
}

PickleValue &Pickle::container(Kind kind, const char *what)
{
    if (m_stack.empty() || m_values[m_stack.back()].kind != kind)
        fail(std::string("its pickle is damaged: there is no ") + what + " to add to");
    return m_values[m_stack.back()];
}

void Pickle::get(uint64_t key)
{
    const auto it = m_memo.find(key);
    if (it == m_memo.end())
        fail("its pickle is damaged: it refers to something that it did not define");
    m_stack.push_back(it->second);
}

void Pickle::set_items(const std::vector<size_t> &items)
{
    if (items.size() % 2 != 0)
        fail("its pickle is damaged: a key without a value");
    PickleValue &dict = container(Kind::Dict, "dict");
    dict.items.insert(dict.items.end(), items.begin(), items.end());
}

void Pickle::step(unsigned char opcode)
{
    const auto memoize = [&](uint64_t key) {
        if (m_stack.empty())
            fail("its pickle is damaged: nothing to remember");
        m_memo[key] = m_stack.back();
    };
    const auto tuple = [&](size_t count) {
        std::vector<size_t> items(count);
        for (size_t i = count; i-- > 0;)
            items[i] = pop();
        push_kind(Kind::Tuple, std::move(items));
    };
    const auto global = [&](const std::string &module, const std::string &name) {
        push_text(module + " " + name);
        m_values.back().kind = Kind::Global;
    };
    const auto boolean = [&](bool value) {
        push_int(value);
        m_values.back().kind = Kind::Bool;
    };
    switch (opcode) {
    case 0x80:
        take(1);
        break; // PROTO
    case 0x95:
        take(8);
        break; // FRAME
    case '.':
        m_root = pop();
        m_done = true;
        break; // STOP
    case '(':
        push_kind(Kind::Mark);
        break; // MARK
    case '0':
        pop();
        break; // POP
    case '1':
        pop_to_mark();
        break; // POP_MARK
    case '2':
        if (m_stack.empty())
            fail("its pickle is damaged");
        m_stack.push_back(m_stack.back());
        break; // DUP
    case 'N':
        push_kind(Kind::None);
        break; // NONE
    case 0x88:
        boolean(true);
        break; // NEWTRUE
    case 0x89:
        boolean(false);
        break; // NEWFALSE
    case 'J':
        push_int(static_cast<int32_t>(number(4)));
        break; // BININT
    case 'K':
        push_int(static_cast<int64_t>(number(1)));
        break; // BININT1
    case 'M':
        push_int(static_cast<int64_t>(number(2)));
        break;   // BININT2
    case 0x8a: { // LONG1: little-endian two's complement
        const size_t bytes = number(1);
        if (bytes > 8)
            fail("its pickle holds a number of more than 64 bits");
        uint64_t value = number(bytes);
        if (bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1)) & 1)
            value |= ~uint64_t(0) << (8 * bytes);
        push_int(static_cast<int64_t>(value));
        break;
    }
    case 'G': { // BINFLOAT: big-endian
        uint64_t bits = 0;
        for (const char c : take(8))
            bits = bits << 8 | static_cast<unsigned char>(c);
        push_kind(Kind::Float);
        m_values.back().real = std::bit_cast<double>(bits);
        break;
    }
    case 'X':
        push_text(std::string(take(number(4))));
        break; // BINUNICODE
    case 0x8c:
        push_text(std::string(take(number(1))));
        break; // SHORT_BINUNICODE
    case 0x8d:
        push_text(std::string(take(number(8))));
        break; // BINUNICODE8
    case 'T':
    case 'B':
        push_text(std::string(take(number(4))));
        break; // BINSTRING, BINBYTES
    case 'U':
    case 'C':
        push_text(std::string(take(number(1))));
        break; // SHORT_BINSTRING, SHORT_BINBYTES
    case ']':
        push_kind(Kind::List);
        break; // EMPTY_LIST
    case '}':
        push_kind(Kind::Dict);
        break; // EMPTY_DICT
    case ')':
        push_kind(Kind::Tuple);
        break; // EMPTY_TUPLE
    case 0x85:
        tuple(1);
        break; // TUPLE1
    case 0x86:
        tuple(2);
        break; // TUPLE2
    case 0x87:
        tuple(3);
        break; // TUPLE3
    case 't':
        push_kind(Kind::Tuple, pop_to_mark());
        break; // TUPLE
    case 'l':
        push_kind(Kind::List, pop_to_mark());
        break;  // LIST
    case 'd': { // DICT
        const std::vector<size_t> items = pop_to_mark();
        push_kind(Kind::Dict);
        set_items(items);
        break;
    }
    case 'a': { // APPEND
        const size_t item = pop();
        container(Kind::List, "list").items.push_back(item);
        break;
    }
    case 'e': { // APPENDS
        const std::vector<size_t> items = pop_to_mark();
        PickleValue &list = container(Kind::List, "list");
        list.items.insert(list.items.end(), items.begin(), items.end());
        break;
    }
    case 's': { // SETITEM
        const size_t value = pop(), key = pop();
        set_items({key, value});
        break;
    }
    case 'u':
        set_items(pop_to_mark());
        break; // SETITEMS
    case 'q':
        memoize(number(1));
        break; // BINPUT
    case 'r':
        memoize(number(4));
        break; // LONG_BINPUT
    case 0x94:
        memoize(m_memo.size());
        break; // MEMOIZE
    case 'h':
        get(number(1));
        break; // BINGET
    case 'j':
        get(number(4));
        break;  // LONG_BINGET
    case 'c': { // GLOBAL
        const std::string module = line();
        global(module, line());
        break;
    }
    case 0x93: { // STACK_GLOBAL
        const size_t name = pop(), module = pop();
        global(m_values[module].text, m_values[name].text);
        break;
    }
    case 'Q': { // BINPERSID: torch's only ones are storages
        const size_t id = pop();
        if (m_values[id].kind != Kind::Tuple || m_values[id].items.size() < 5
            || m_values[m_values[id].items[0]].text != "storage")
            fail("its pickle refers to something that is not a storage");
        push_kind(Kind::Storage, m_values[id].items);
        break;
    }
    case 'R':
    case 0x81:
        reduce();
        break; // REDUCE, NEWOBJ
    case 'b':
        pop();
        break; // BUILD: attributes of an OrderedDict; not needed
    default: {
        constexpr char kDigits[] = "0123456789abcdef";
        fail(std::string("its pickle has the instruction 0x") + kDigits[opcode >> 4] + kDigits[opcode & 15]
             + ", which state dicts do not need; save the state dict alone, or as safetensors");
    }
    }
}

void Pickle::reduce()
{
    const size_t arguments = pop(), callable = pop();
    const PickleValue &function = m_values[callable];
    if (function.kind != Kind::Global || m_values[arguments].kind != Kind::Tuple)
        fail("its pickle is damaged: a call of something that is not a function");
    const std::vector<size_t> items = m_values[arguments].items;
    if (function.text == "collections OrderedDict" && items.empty()) {
        push_kind(Kind::Dict);
    } else if (function.text == "torch._utils _rebuild_tensor_v2") {
        build_tensor(items);
    } else if (function.text == "torch._utils _rebuild_parameter" && !items.empty()) {
        m_stack.push_back(items[0]); // the tensor itself
    } else if (function.text == "torch Size" && items.size() == 1) {
        push_kind(Kind::Tuple, std::vector<size_t>(m_values[items[0]].items));
    } else {
        std::string called = function.text;
        std::replace(called.begin(), called.end(), ' ', '.');
        fail("its pickle would call " + called
             + "; only tensors are read, nothing is run. Save the state dict alone, or as safetensors");
    }
}

void Pickle::build_tensor(const std::vector<size_t> &arguments)
{
    const auto kind = [&](size_t i) { return m_values[arguments[i]].kind; };
    if (arguments.size() < 4 || kind(0) != Kind::Storage || kind(1) != Kind::Int || kind(2) != Kind::Tuple
        || kind(3) != Kind::Tuple)
        fail("its pickle has a tensor that is not understood");
    push_kind(Kind::Tensor, {arguments[0], arguments[2], arguments[3]});
    m_values.back().number = m_values[arguments[1]].number;
}

} // namespace patchbay
