#include "task/ioi_task.h"

#include "base/error.h"
#include "base/json_field.h"
#include "task/python_random.h"

#include <algorithm>

namespace patchbay {

namespace {

void replace_all(std::string &text, const std::string &what, const std::string &with)
{
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
}

std::string fill_in(const TaskFile &task, std::string text, const IoiPrompt &prompt)
{
    replace_all(text, task.io, prompt.io);
    replace_all(text, task.subject, prompt.s);
    if (!prompt.third.empty())
        replace_all(text, task.third, prompt.third);
    return text;
}

bool is_word_byte(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

size_t find_name(const std::string &text, const std::string &name, NameSearch search)
{
    size_t at = text.find(name);
    while (search == NameSearch::WholeWords && at != std::string::npos
           && ((at > 0 && is_word_byte(text[at - 1]))
               || (at + name.size() < text.size() && is_word_byte(text[at + name.size()]))))
        at = text.find(name, at + 1);
    return at;
}

std::vector<std::string> split_at_spaces(const std::string &text)
{
    std::vector<std::string> pieces{""};
    for (const char character : text) {
        if (character == ' ')
            pieces.emplace_back();
        else
            pieces.back().push_back(character);
    }
    return pieces;
}

void flip_prompt(IoiPrompt &prompt, const FlipPart &part, const std::string &letters,
                 const std::vector<std::string> &names, PythonRandom &random)
{
    std::vector<std::string> pieces = split_at_spaces(prompt.text);
    // Of the first three names that stand alone. The last word is the answer: a flip that reached it would mean another
    // three.
    std::vector<size_t> places;
    for (size_t i = 0; i + 1 < pieces.size() && places.size() < 3; ++i)
        if (std::find(names.begin(), names.end(), pieces[i]) != names.end())
            places.push_back(i);
    if (places.size() < 3)
        throw Error("prompt " + in_quotes(prompt.text),
                    "cannot be flipped: fewer than three names stand alone before its last word (a name with a mark "
                    "attached is "
                    "not found)");
    std::map<char, std::string> meaning;
    for (size_t i = 0; i < 3; ++i)
        meaning[part.from[i]] = pieces[places[i]];

    std::vector<std::string> remaining;
    for (const std::string &name : names)
        if (std::none_of(places.begin(), places.end(), [&](size_t place) { return pieces[place] == name; }))
            remaining.push_back(name);
    std::sort(remaining.begin(), remaining.end());
    if (!letters.empty() && remaining.empty())
        throw Error("prompt " + in_quotes(prompt.text), "cannot be flipped: no names are left to draw from");
    for (const char letter : letters)
        meaning[letter] = random.choice(remaining);

    for (size_t i = 0; i < 3; ++i)
        pieces[places[i]] = meaning.at(part.to[i]);
    prompt.text = pieces[0];
    for (size_t i = 1; i < pieces.size(); ++i)
        prompt.text += " " + pieces[i];
    const auto once = [&](char letter) { return std::count(part.to.begin(), part.to.end(), letter) == 1; };
    const char io = once(part.to[0]) && !once(part.to[1]) ? part.to[0] : part.to[1];
    prompt.io = meaning.at(io);
    prompt.s = meaning.at(part.to[2]);
}

std::string letters_for(const FlipPart &part, const DrawOrder &order)
{
    const std::string alphabetical = part.random_letters();
    const auto asked = order.find(part.from);
    if (asked == order.end())
        return alphabetical;
    std::string sorted = asked->second;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != alphabetical)
        throw Error("draw order of " + part.from, "should have the letters " + alphabetical + ", not " + asked->second);
    return asked->second;
}

} // namespace

IoiSet generate_ioi(const TaskFile &task, const IoiRequest &request)
{
    constexpr int most = 1'000'000;
    const PromptType &type = task.type(request.type);
    if (request.prompts < 1 || request.prompts > most)
        throw Error("prompts",
                    std::to_string(request.prompts) + " is not a number of prompts from 1 to " + std::to_string(most));
    if (request.symmetric && type.third_name)
        throw Error("prompt type " + in_quotes(type.name), "has a third name and so no symmetric prompts");
    if (request.symmetric && request.prompts % 2)
        throw Error("prompts", "symmetric prompts come in pairs: " + std::to_string(request.prompts) + " is odd");

    IoiSet set{request, type.third_name, task.templates(type), {}};
    PythonRandom random(request.seed);
    if (type.shuffle)
        random.shuffle(set.templates);
    while (static_cast<int>(set.prompts.size()) < request.prompts) {
        IoiPrompt prompt;
        std::string sentence = random.choice(set.templates);
        prompt.template_index =
            static_cast<int>(std::find(set.templates.begin(), set.templates.end(), sentence) - set.templates.begin());
        std::string third;
        do { // the third name is drawn, and has to differ, for every type: the numbers that follow depend on it
            prompt.io = random.choice(task.names);
            prompt.s = random.choice(task.names);
            third = random.choice(task.names);
        } while (prompt.io == prompt.s || prompt.io == third || prompt.s == third);
        if (type.third_name)
            prompt.third = third;
        for (const NounList &noun : task.nouns) {
            const std::string &word = random.choice(noun.values);
            prompt.nouns.emplace_back(noun.placeholder, word);
            replace_all(sentence, noun.placeholder, word);
        }
        prompt.text = fill_in(task, sentence, prompt);
        set.prompts.push_back(prompt);
        if (request.symmetric) { // the second of a pair draws nothing
            std::swap(prompt.io, prompt.s);
            prompt.text = fill_in(task, sentence, prompt);
            prompt.nouns.clear();
            set.prompts.push_back(prompt);
        }
    }
    return set;
}

IoiSet given_ioi(std::vector<IoiPrompt> prompts, int64_t seed)
{
    IoiRequest request;
    request.type = "given";
    request.prompts = static_cast<int>(prompts.size());
    request.seed = seed;
    return {request, false, {}, std::move(prompts)};
}

std::string name_order(const IoiPrompt &prompt, NameSearch search)
{
    return find_name(prompt.text, prompt.io, search) < find_name(prompt.text, prompt.s, search) ? "ABBA" : "BABA";
}

FlippedSet flip_ioi(const TaskFile &task, const IoiSet &set, const std::string &flip, const DrawOrder &order)
{
    FlippedSet result;
    result.flip = parse_flip(flip);
    if (set.third_name)
        throw Error("prompt type " + in_quotes(set.request.type),
                    "has a third name and cannot be flipped: choose a type without one");
    const std::string abba = letters_for(result.flip.abba, order), baba = letters_for(result.flip.baba, order);
    result.draw_order = {{result.flip.abba.from, abba}, {result.flip.baba.from, baba}};
    result.hash_order_dependent = abba.size() > 1 || baba.size() > 1;
    // Wraps around rather than overflows: the seed may be any 64-bit number.
    result.seed = static_cast<int64_t>(static_cast<uint64_t>(set.request.seed)
                                       + static_cast<uint64_t>(result.flip.seed_offset()));
    PythonRandom random(result.seed);
    result.prompts = set.prompts;
    for (IoiPrompt &prompt : result.prompts) {
        const bool io_first = name_order(prompt, set.request.search) == "ABBA";
        flip_prompt(prompt, io_first ? result.flip.abba : result.flip.baba, io_first ? abba : baba, task.names, random);
    }
    return result;
}

} // namespace patchbay
