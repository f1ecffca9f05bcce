#include "patching/run_spec.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace patchbay {

namespace {

template <class Enum, size_t N> using Names = std::array<std::pair<Enum, const char *>, N>;

constexpr Names<Method, 5> method_names{{{Method::ActPatch, "act_patch"},
                                         {Method::PathPatch, "path_patch"},
                                         {Method::Ablate, "ablate"},
                                         {Method::Attribution, "attribution"},
                                         {Method::Analysis, "analysis"}}};
constexpr Names<Direction, 2> direction_names{{{Direction::Denoise, "denoise"}, {Direction::Noise, "noise"}}};
constexpr Names<Ablation, 4> ablation_names{
    {{Ablation::None, "none"}, {Ablation::Zero, "zero"}, {Ablation::Mean, "mean"}, {Ablation::Resample, "resample"}}};
constexpr Names<Site, 15> site_names{{{Site::Z, "z"},
                                      {Site::Q, "q"},
                                      {Site::K, "k"},
                                      {Site::V, "v"},
                                      {Site::Pattern, "pattern"},
                                      {Site::Result, "result"},
                                      {Site::AttnOut, "attn_out"},
                                      {Site::MlpOut, "mlp_out"},
                                      {Site::ResidPre, "resid_pre"},
                                      {Site::ResidMid, "resid_mid"},
                                      {Site::ResidPost, "resid_post"},
                                      {Site::QInput, "q_input"},
                                      {Site::KInput, "k_input"},
                                      {Site::VInput, "v_input"},
                                      {Site::MlpPre, "mlp_pre"}}};
constexpr Names<Positions::Kind, 6> position_names{{{Positions::Kind::All, "all"},
                                                    {Positions::Kind::Each, "each"},
                                                    {Positions::Kind::End, "end"},
                                                    {Positions::Kind::Io, "io"},
                                                    {Positions::Kind::S1, "s1"},
                                                    {Positions::Kind::S2, "s2"}}};

template <class Enum, size_t N> std::string name_of(const Names<Enum, N> &names, Enum value)
{
    for (const auto &[known, text] : names)
        if (known == value)
            return text;
    return {};
}

template <class Enum, size_t N> std::string all_of(const Names<Enum, N> &names)
{
    std::string list;
    for (const auto &entry : names)
        list += (list.empty() ? "" : ", ") + std::string(entry.second);
    return list;
}

template <class Enum, size_t N> std::optional<Enum> find(const Names<Enum, N> &names, std::string_view text)
{
    for (const auto &[value, known] : names)
        if (text == known)
            return value;
    return std::nullopt;
}

// Comma-separated pieces, trimmed; commas inside parentheses belong to the piece: "z:(0,3), mlp_out:1".
std::vector<std::string_view> pieces_of(std::string_view text)
{
    std::vector<std::string_view> pieces;
    int depth = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && (text[i] != ',' || depth > 0)) {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            continue;
        }
        pieces.push_back(trimmed(text.substr(start, i - start)));
        start = i + 1;
    }
    return pieces;
}

// A number of at most six digits: larger ones are never a layer or a position, and cannot overflow.
std::optional<int> small_number(std::string_view text)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.size() > 6 || error != std::errc() || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

Node node_of(Site site, std::string_view place, std::string_view whole)
{
    if (per_head(site)) {
        if (small_number(place))
            throw Error(std::string(whole), name(site) + " belongs to a head; write " + name(site) + ":" + std::string(place) + ".0");
        const Head head = parse_head(place);
        return {site, head.layer, head.head};
    }
    const std::optional<int> layer = small_number(place);
    if (!layer)
        throw Error(std::string(whole), name(site) + " belongs to a whole layer; write " + name(site) + ":11");
    return {site, *layer, -1};
}

} // namespace

std::string name(Method method)
{
    return name_of(method_names, method);
}

std::string name(Direction direction)
{
    return name_of(direction_names, direction);
}

std::string name(Ablation ablation)
{
    return name_of(ablation_names, ablation);
}

std::string name(Site site)
{
    return name_of(site_names, site);
}

Direction parse_direction(std::string_view text)
{
    if (const auto direction = find(direction_names, trimmed(text)))
        return *direction;
    throw Error(std::string(text), "is not a direction; one of " + all_of(direction_names));
}

Ablation parse_ablation(std::string_view text)
{
    if (const auto ablation = find(ablation_names, trimmed(text)))
        return *ablation;
    throw Error(std::string(text), "is not an ablation; one of " + all_of(ablation_names));
}

bool per_head(Site site)
{
    switch (site) {
    case Site::Z:
    case Site::Q:
    case Site::K:
    case Site::V:
    case Site::Pattern:
    case Site::Result:
    case Site::QInput:
    case Site::KInput:
    case Site::VInput:
        return true;
    default:
        return false;
    }
}

Site parse_site(std::string_view text)
{
    const std::string_view plain = trimmed(text);
    if (plain == "pre") // the name that path_patching's users know
        return Site::MlpPre;
    if (const auto site = find(site_names, plain))
        return *site;
    throw Error(std::string(text), "is not a site; one of " + all_of(site_names));
}

std::string to_string(const Positions &positions)
{
    if (positions.kind != Positions::Kind::List)
        return name_of(position_names, positions.kind);
    std::string text;
    for (const int position : positions.list)
        text += (text.empty() ? "" : ",") + std::to_string(position);
    return text;
}

Positions parse_positions(std::string_view text)
{
    std::string plain(trimmed(text));
    if (plain.ends_with("_pos"))
        plain.resize(plain.size() - 4);
    if (const auto kind = find(position_names, plain))
        return {*kind, {}};
    Positions positions{Positions::Kind::List, {}};
    for (const std::string_view piece : pieces_of(plain)) {
        const std::optional<int> position = small_number(piece);
        if (!position)
            throw Error(std::string(text), "is not a choice of positions; one of " + all_of(position_names)
                                               + ", or indices from 0 such as 3,4,7");
        positions.list.push_back(*position);
    }
    return positions;
}

std::string to_string(const Node &node)
{
    return name(node.site) + ":" + (node.head < 0 ? std::to_string(node.layer) : dotted({node.layer, node.head}));
}

std::vector<Node> parse_nodes(std::string_view text)
{
    std::vector<Node> nodes;
    std::optional<Site> site; // "q:8.1,8.2": a piece without a site continues the one before
    for (const std::string_view piece : pieces_of(text)) {
        const size_t colon = piece.find(':');
        if (colon != std::string_view::npos)
            site = parse_site(piece.substr(0, colon));
        const std::string_view place = trimmed(colon == std::string_view::npos ? piece : piece.substr(colon + 1));
        if (!site || place.empty())
            throw Error(std::string(text), "is not a list of nodes; write q:8.1,q:8.2 or resid_post:11");
        const Node node = node_of(*site, place, text);
        if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
            nodes.push_back(node);
    }
    return nodes;
}

Ends parse_ends(std::string_view text)
{
    if (text.find(':') != std::string_view::npos)
        return {std::nullopt, parse_nodes(text)};
    try {
        return {parse_site(text), {}};
    } catch (const Error &) {
        throw Error(std::string(text), "is neither a site to sweep (z, q, mlp_out …) nor a list of nodes such as q:8.1,q:8.2 or "
                                       "resid_post:11");
    }
}

std::string to_string(const Ends &ends)
{
    if (ends.sweep)
        return name(*ends.sweep);
    std::string text;
    for (const Node &node : ends.nodes)
        text += (text.empty() ? "" : ",") + to_string(node);
    return text;
}

std::string grid_name(const RunSpec &spec, Site site)
{
    std::string text;
    if (spec.method == Method::Attribution)
        text = "attribution";
    else
        text = spec.ablation == Ablation::None ? name(spec.direction) : name(spec.ablation);
    text += "." + name(site);
    if (spec.shared_kv && (site == Site::K || site == Site::V))
        text += "_grouped";
    if (spec.positions.kind == Positions::Kind::Each)
        text += ".by_pos";
    return text;
}

} // namespace patchbay
