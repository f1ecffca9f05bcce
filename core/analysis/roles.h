// Roles of heads, each earned by several marks at once, and never without the numbers that earned it.
#pragma once

#include "analysis/selection.h"

#include <array>

namespace patchbay {

/// Thresholds; the names are those of the JSON options of analysis "roles". Effects in % of the clean–flipped gap (path
/// patching, noising: negative effects are helpful), scores in %, attention as shares.
struct RoleThresholds {
    double direct_effect = 2; ///< a name mover's direct effect is at most −this; a negative one's at least this
    double copy_score = 75;
    double attention_io = 0.3; ///< END→IO, name movers
    double attention_s2 = 0.3; ///< END→S2, S-inhibition and S suppressors
    double query_effect = 2;   ///< effect through the name movers' queries is at most −this
    double detector = 0.4;     ///< previous-token, duplicate-token, induction attention on repeated random tokens
    double task_effect = 2;    ///< what restoring such a head's output brings back in this task is at least this
    double backup_gain = 0.05; ///< gain in direct attribution by the head's own change when the name movers are
                               ///< ablated, as a share of the clean logit difference; likewise suppression that stops
    static RoleThresholds from_json(
        const nlohmann::json &options); ///< Throws Error naming an option that is no threshold or not a number.
};
/// Name, words and default of every threshold.
struct RoleThreshold {
    std::string name, words, text;
    double value = 0;
};
std::vector<RoleThreshold> role_thresholds();
nlohmann::json to_json(const RoleThresholds &thresholds);
/// For captions: "direct effect 2 %, copy score 75 %, attention END→IO 0.3, …".
std::string to_string(const RoleThresholds &thresholds);

/// What heads can be, by name. The S-inhibition test is made against the name movers.
inline constexpr const char *name_mover_role = "name mover", *negative_name_mover_role = "negative name mover",
                            *s_suppressor_role = "S suppressor", *backup_name_mover_role = "backup name mover",
                            *s_inhibition_role = "S-inhibition", *induction_role = "induction",
                            *duplicate_token_role = "duplicate-token", *previous_token_role = "previous-token";
/// All of them, from the logits down, as a reader counts them.
inline constexpr std::array head_roles{name_mover_role,        negative_name_mover_role, s_suppressor_role,
                                       backup_name_mover_role, s_inhibition_role,        induction_role,
                                       duplicate_token_role,   previous_token_role};

struct RoledHead {
    std::string role; ///< one of head_roles
    SelectedHead head;
};
/// What each role takes, for captions: "name mover: direct effect, attention END→IO, copy score; …".
std::string marks_text();

/// What roles rest on, by name: "direct" (z → final residual stream, %), "copy.positive", "copy.negative",
/// "attention.end_to_io", "attention.end_to_s2", "detector.*", "effect" (z restored, denoising, %); once name movers
/// are known "queries" (z → the name movers' queries, %), and "backup" and "released" (parts of a head's own change
/// when they are ablated, ÷ clean logit difference).
using RoleQuantities = std::map<std::string, HeadQuantity>;

/// Name movers among all heads, for the runs that need them as receivers.
std::vector<SelectedHead> name_movers(const RoleQuantities &quantities, const RoleThresholds &thresholds);
/// Every role that the quantities at hand can support, heads in the order of their layers; of one head's roles the one
/// first whose first mark is the most times its threshold.
std::vector<RoledHead> assign_roles(const RoleQuantities &quantities, const RoleThresholds &thresholds);
/// Heads that a detector names on random tokens and that have no effect in this task: no role of theirs here.
std::vector<RoledHead> detector_only(const RoleQuantities &quantities, const RoleThresholds &thresholds);
/// Heads that write less against the answer when the name movers are ablated. They take nothing over.
std::vector<RoledHead> released_heads(const RoleQuantities &quantities, const RoleThresholds &thresholds);

/// {"thresholds": …, "roles": [{head, role, evidence}], "detector_only": [the same], "released": [the same]}
nlohmann::json roles_summary(const RoleQuantities &quantities, const RoleThresholds &thresholds);

} // namespace patchbay
