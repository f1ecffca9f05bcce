// Random sentences: the task's prompts, and the others that keep the model from shortcuts.
#pragma once

#include "vocabulary.h"

namespace patchbay::trainer {

using Random = std::mt19937_64;
size_t below(Random &random, size_t n);
double unit(Random &random); // [0, 1)

/// A sentence as token ids. The fields after ids are set for IOI prompts only.
struct Example {
    std::vector<int64_t> ids;
    bool ioi = false;
    std::vector<int64_t> flipped; ///< S2 is the other name: ABB->ABA, BAB->BAA
    int64_t io = -1, s = -1;
    int64_t io_pos = -1, s1_pos = -1, s2_pos = -1, end = -1;
};

/// Name pairs and fillers that training never sees, by their places in the task file's lists.
/// A fifth of the unordered pairs; a fifth of the combinations of place and object. No three names are held out from
/// each other: a rule that holds out whole classes (places that are equal modulo 5, say) leaves names that no sentence
/// ever tells apart.
bool held_out_pair(size_t name, size_t other);
bool held_out_fillers(size_t place, size_t object);

class Sentences {
public:
    /// task: tasks/ioi.json; extra: sentences.json. Throws Error naming the file.
    Sentences(const std::filesystem::path &task, const std::filesystem::path &extra);

    /// Every piece that any sentence can have, names and nouns in all places.
    std::set<std::string> words() const;
    const std::vector<std::string> &names() const { return m_names; }

    /// A training sentence: none of its pairs of names and fillers is held out.
    Example training(Random &random, const Vocabulary &vocabulary) const;
    /// An IOI prompt of the task whose pair of names and whose fillers are both held out.
    Example held_out(Random &random, const Vocabulary &vocabulary) const;

private:
    struct Filling {
        size_t io = 0, subject = 0, third = 0, place = 0, object = 0;
    };
    Filling draw(Random &random, bool held_out) const;
    std::string fill(std::string text, const Filling &filling) const;
    Example ioi(const std::string &text, const Filling &filling, const Vocabulary &vocabulary) const;

    std::vector<std::string> m_names, m_places, m_objects;
    std::vector<std::string> m_ioi, m_aside, m_three_names, m_them, m_distractors, m_single;
    std::vector<std::string> m_prefixes, m_name_prefixes;
    std::vector<std::pair<double, const std::vector<std::string> *>>
        m_kinds; ///< share and templates: IOI, IOI with an aside, others
    double m_prefix_share = 0, m_name_prefix_share = 0;
};

} // namespace patchbay::trainer
