#include "nouns/direction.h"

#include "base/names.h"

namespace patchbay {

namespace {

constexpr Names<Direction, 2> directions{{{Direction::Denoise, "denoise"}, {Direction::Noise, "noise"}}};
constexpr Names<Ablation, 4> ablations{
    {{Ablation::None, "none"}, {Ablation::Zero, "zero"}, {Ablation::Mean, "mean"}, {Ablation::Resample, "resample"}}};

} // namespace

std::string name(Direction direction)
{
    return name_of(directions, direction);
}

std::string name(Ablation ablation)
{
    return name_of(ablations, ablation);
}

Direction parse_direction(std::string_view text)
{
    return parse_named(directions, trimmed(text), "a direction");
}

Ablation parse_ablation(std::string_view text)
{
    return parse_named(ablations, trimmed(text), "an ablation");
}

std::string in_words(Direction direction)
{
    return direction == Direction::Denoise ? "denoising" : "noising";
}

std::string replacement(Direction direction, Ablation ablation)
{
    switch (ablation) {
    case Ablation::Zero:
        return "zero";
    case Ablation::Mean:
        return "its mean over the clean prompts that reach the position (tokens up to END, no padding)";
    case Ablation::Resample:
        return "its value in the flipped run";
    case Ablation::None:
        break;
    }
    return direction == Direction::Denoise ? "its value in the clean run" : "its value in the flipped run";
}

} // namespace patchbay
