// Roles of heads, each earned by several marks at once, and never without the numbers that earned it.
#pragma once

#include "analysis/selection.h"

namespace patchbay {

/// Thresholds; the names are those of the JSON options of analysis "roles". Effects in % of the clean–flipped gap (path
/// patching, noising: negative effects are helpful), scores in %, attention as shares.
struct RoleThresholds {
    double direct_effect = 2; ///< a name mover's direct effect is at most −this; a negative one's at least this
    double copy_score = 75;
    double attention_io = 0.3; ///< END→IO, name movers
    double attention_s2 = 0.3; ///< END→S2, S-inhibition
    double query_effect = 2;   ///< effect through the name movers' queries is at most −this
    double detector = 0.4;     ///< previous-token, duplicate-token, induction attention on repeated random tokens
    double backup_gain =
        0.05; ///< gain in direct attribution when the name movers are ablated, as a share of the clean logit difference
    static RoleThresholds from_json(
        const nlohmann::json &options); ///< Throws Error naming an option that is no threshold or not a number.
};
/// Name, words and default of every threshold.
struct RoleThreshold {
    std::string name, words, value;
};
std::vector<RoleThreshold> role_thresholds();
nlohmann::json to_json(const RoleThresholds &thresholds);
/// For captions: "direct effect 2 %, copy score 75 %, attention END→IO 0.3, …".
std::string to_string(const RoleThresholds &thresholds);

/// The role that the S-inhibition test is made against.
inline constexpr const char *name_mover_role = "name mover";

struct RoledHead {
    std::string role; ///< "name mover", "negative name mover", "S-inhibition", "duplicate-token", "induction",
                      ///< "previous-token", "backup name mover"
    SelectedHead head;
};

/// What roles rest on, by name: "direct" (z → final residual stream, %), "copy.positive", "copy.negative",
/// "attention.end_to_io", "attention.end_to_s2", "detector.*"; "queries" (z → the name movers' queries, %) and "backup"
/// (gain ÷ clean logit difference) once name movers are known.
using RoleQuantities = std::map<std::string, HeadQuantity>;

/// Name movers among all heads, for the runs that need them as receivers.
std::vector<SelectedHead> name_movers(const RoleQuantities &quantities, const RoleThresholds &thresholds);
/// Every role that the quantities at hand can support, heads in the order of their layers.
std::vector<RoledHead> assign_roles(const RoleQuantities &quantities, const RoleThresholds &thresholds);

/// {"thresholds": …, "roles": [{head, role, evidence}]}
nlohmann::json roles_summary(const std::vector<RoledHead> &roles, const RoleThresholds &thresholds);

} // namespace patchbay
