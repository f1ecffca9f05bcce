#include "sentences.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace patchbay::trainer {

namespace {

nlohmann::json read_json(const std::filesystem::path &path)
{
    std::ifstream in(path);
    if (!in)
        throw Error(path.string(), "cannot be opened");
    try {
        return nlohmann::json::parse(in);
    } catch (const nlohmann::json::exception &e) {
        throw Error(path.string(), e.what());
    }
}

void replace_all(std::string &text, std::string_view from, std::string_view to)
{
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// [A] and [B] exchanged where they first occur.
std::string other_order(std::string text)
{
    const size_t a = text.find("[A]"), b = text.find("[B]");
    text[a + 1] = 'B';
    text[b + 1] = 'A';
    return text;
}

/// A stranger acts, so that both people are meant: "… [C] gave a ring to them". Only a model that notices whether the
/// actor was named before can tell this from the task.
std::string with_stranger(std::string text)
{
    text.replace(text.rfind("[B]"), 3, "[C]");
    text.replace(text.rfind("[A]"), 3, "them");
    return text;
}

/// Someone who has nothing to do with it is named between the subject and END, so that the last name is not always the
/// subject's.
std::string with_aside(std::string text)
{
    return text.insert(text.rfind("[B]") + 3, ", like [C],");
}

} // namespace

size_t below(Random &random, size_t n)
{
    return static_cast<size_t>(random() % n); // n is tiny against 2^64: no bias to speak of
}

double unit(Random &random)
{
    return static_cast<double>(random() >> 11) * 0x1p-53;
}

bool held_out_pair(size_t name, size_t other)
{
    const size_t apart = (std::max(name, other) - std::min(name, other)) % 10;
    return apart == 1 || apart == 4;
}

bool held_out_fillers(size_t place, size_t object)
{
    return (place + 3 * object) % 5 == 0;
}

Sentences::Sentences(const std::filesystem::path &task, const std::filesystem::path &extra)
{
    using Texts = std::vector<std::string>;
    try {
        const nlohmann::json file = read_json(task);
        m_names = file.at("names").get<Texts>();
        m_places = file.at("nouns").at(0).at("values").get<Texts>();
        m_objects = file.at("nouns").at(1).at("values").get<Texts>();
        const nlohmann::json &sets = file.at("template_sets");
        for (const char *set : {"BABA", "ABBA"}) {
            for (const auto &text : sets.at(set).get<Texts>()) {
                m_ioi.push_back(text);
                m_them.push_back(with_stranger(text));
                m_aside.push_back(with_aside(text));
            }
        }
        for (const char *set : {"ABC", "BAC"}) {
            for (const auto &text : sets.at(set).get<Texts>())
                m_three_names.push_back(text);
        }
    } catch (const nlohmann::json::exception &e) {
        throw Error(task.string(), e.what());
    }
    try {
        const nlohmann::json file = read_json(extra);
        m_single = file.at("single").get<Texts>();
        m_prefixes = file.at("prefixes").get<Texts>();
        for (const auto &text : file.at("distractors").get<Texts>()) {
            m_distractors.push_back(text);
            m_distractors.push_back(other_order(text));
        }
        m_name_prefixes = file.at("name_prefixes").get<Texts>();
        m_prefix_share = file.at("prefix_share").get<double>();
        m_name_prefix_share = file.at("name_prefix_share").get<double>();
        const nlohmann::json &weights = file.at("weights");
        m_kinds = {{weights.at("ioi").get<double>(), &m_ioi},
                   {weights.at("aside").get<double>(), &m_aside},
                   {weights.at("three_names").get<double>(), &m_three_names},
                   {weights.at("them").get<double>(), &m_them},
                   {weights.at("distractors").get<double>(), &m_distractors},
                   {weights.at("single").get<double>(), &m_single}};
    } catch (const nlohmann::json::exception &e) {
        throw Error(extra.string(), e.what());
    }
}

std::set<std::string> Sentences::words() const
{
    std::set<std::string> out;
    for (const auto *list : {&m_names, &m_places, &m_objects}) {
        for (const std::string &word : *list)
            out.insert(" " + word);
    }
    const auto add = [&](std::string text) {
        out.insert(pieces(text).front()); // at the start; after a prefix it has a space
        text = " " + text;
        for (const char *placeholder : {" [A]", " [B]", " [C]", " [PLACE]", " [OBJECT]"})
            replace_all(text, placeholder, "");
        for (const std::string &piece : pieces(text))
            out.insert(piece);
    };
    for (const auto &[share, texts] : m_kinds)
        std::for_each(texts->begin(), texts->end(), add);
    std::for_each(m_prefixes.begin(), m_prefixes.end(), add);
    std::for_each(m_name_prefixes.begin(), m_name_prefixes.end(), add);
    return out;
}

Sentences::Filling Sentences::draw(Random &random, bool held_out) const
{
    for (;;) {
        const Filling f{below(random, m_names.size()), below(random, m_names.size()), below(random, m_names.size()),
                        below(random, m_places.size()), below(random, m_objects.size())};
        if (f.io == f.subject || f.io == f.third || f.subject == f.third)
            continue;
        const bool pair = held_out_pair(f.io, f.subject), fillers = held_out_fillers(f.place, f.object);
        if (held_out ? pair && fillers
                     : !pair && !fillers && !held_out_pair(f.io, f.third) && !held_out_pair(f.subject, f.third))
            return f;
    }
}

std::string Sentences::fill(std::string text, const Filling &f) const
{
    replace_all(text, "[A]", m_names[f.io]);
    replace_all(text, "[B]", m_names[f.subject]);
    replace_all(text, "[C]", m_names[f.third]);
    replace_all(text, "[PLACE]", m_places[f.place]);
    replace_all(text, "[OBJECT]", m_objects[f.object]);
    return text;
}

Example Sentences::ioi(const std::string &text, const Filling &filling, const Vocabulary &vocabulary) const
{
    Example e;
    e.ids = vocabulary.encode(fill(text, filling));
    e.ioi = true;
    e.io = vocabulary.id(" " + m_names[filling.io]);
    e.s = vocabulary.id(" " + m_names[filling.subject]);
    e.end = static_cast<int64_t>(e.ids.size()) - 2;
    e.io_pos = std::find(e.ids.begin(), e.ids.end(), e.io) - e.ids.begin();
    e.s1_pos = std::find(e.ids.begin(), e.ids.end(), e.s) - e.ids.begin();
    e.s2_pos = std::find(e.ids.begin() + e.s1_pos + 1, e.ids.end(), e.s) - e.ids.begin();
    e.flipped = e.ids;
    e.flipped[static_cast<size_t>(e.s2_pos)] = e.io;
    return e;
}

Example Sentences::training(Random &random, const Vocabulary &vocabulary) const
{
    double at = unit(random);
    size_t kind = 0;
    while (kind + 1 < m_kinds.size() && at >= m_kinds[kind].first)
        at -= m_kinds[kind++].first;
    const std::vector<std::string> &templates = *m_kinds[kind].second;
    std::string text = templates[below(random, templates.size())];
    // A name more in front, any of the three: counting names does not tell the subject then.
    const double prefix = unit(random);
    if (prefix < m_name_prefix_share) {
        std::string first = m_name_prefixes[below(random, m_name_prefixes.size())];
        replace_all(first, "[C]", std::array{"[A]", "[B]", "[C]"}[below(random, &templates == &m_them ? 2 : 3)]);
        text = first + " " + text;
    } else if (prefix < m_name_prefix_share + m_prefix_share) {
        text = m_prefixes[below(random, m_prefixes.size())] + " " + text;
    }
    const Filling filling = draw(random, false);
    if (kind <= 1) // the task's prompts, with or without an aside
        return ioi(text, filling, vocabulary);
    Example e;
    e.ids = vocabulary.encode(fill(text, filling));
    return e;
}

Example Sentences::held_out(Random &random, const Vocabulary &vocabulary) const
{
    const std::string &text = m_ioi[below(random, m_ioi.size())];
    return ioi(text, draw(random, true), vocabulary);
}

} // namespace patchbay::trainer
