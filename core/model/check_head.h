// Whether a model has a head: one check, with one message, for everything that is told heads.
#pragma once

#include "base/head.h"
#include "model/config.h"
#include "nouns/site.h"

#include <vector>

namespace patchbay {

/// Throws Error when the model has no such head: "L9H6: this model has 6 layers of 8 heads".
void check_head(Head head, const ModelConfig &config);
/// The same with what was asked for in the user's words in front ("receivers q:9.6"); a head of -1 stands for the whole
/// layer.
void check_head(Head head, const ModelConfig &config, const std::string &subject);
void check_heads(const std::vector<Head> &heads, const ModelConfig &config);

/// Why a model has no such site; empty where it has. "attention and MLP of this model are parallel …"
std::string why_absent(Site site, const ModelConfig &config);

} // namespace patchbay
