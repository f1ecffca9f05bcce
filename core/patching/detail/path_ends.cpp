#include "patching/detail/path_ends.h"

#include "base/error.h"
#include "model/check_head.h"

namespace patchbay::detail {

namespace {

void check_node(const Node &node, const ModelConfig &c, const char *field)
{
    const std::string subject = std::string(field) + " " + to_string(node);
    check_head({node.layer, node.head}, c, subject);
    if (const std::string why = why_absent(node.site, c); !why.empty())
        throw Error(subject, why);
}

// A pattern receiver stands for the head's query and key.
std::vector<Node> expanded(const Node &node)
{
    if (node.site != Site::Pattern)
        return {node};
    return {{Site::Q, node.layer, node.head}, {Site::K, node.layer, node.head}};
}

} // namespace

std::vector<SenderSet> sender_sets(const Ends &ends, const ModelConfig &c)
{
    const auto check_site = [](Site site) {
        if (!info(site).sends)
            throw Error("senders", name(site) + " cannot send; senders are " + site_names(&SiteInfo::sends));
    };
    std::vector<SenderSet> sets;
    if (ends.sweep) {
        check_site(*ends.sweep);
        check_node({*ends.sweep, 0, -1}, c, "senders");
        for (int l = 0; l < c.n_layers; ++l)
            for (int h = 0; h < (per_head(*ends.sweep) ? c.n_heads : 1); ++h)
                sets.push_back({Node{*ends.sweep, l, per_head(*ends.sweep) ? h : -1}});
        return sets;
    }
    if (ends.nodes.empty())
        throw Error("senders", "name at least one sender, or a site such as z to try every one in turn");
    for (const Node &node : ends.nodes) {
        check_site(node.site);
        check_node(node, c, "senders");
    }
    sets.push_back(ends.nodes);
    return sets;
}

std::vector<std::vector<Node>> receiver_groups(const Ends &ends, const ModelConfig &c)
{
    const auto check_site = [](Site site) {
        if (!info(site).receives)
            throw Error("receivers", name(site) + " cannot receive; receivers are " + site_names(&SiteInfo::receives));
    };
    std::vector<std::vector<Node>> groups;
    if (ends.sweep) {
        check_site(*ends.sweep);
        for (int l = 0; l < c.n_layers; ++l)
            for (int h = 0; h < (per_head(*ends.sweep) ? c.n_heads : 1); ++h) {
                const Node node{*ends.sweep, l, per_head(*ends.sweep) ? h : -1};
                check_node(node, c, "receivers");
                groups.push_back(expanded(node));
            }
        return groups;
    }
    if (ends.nodes.empty())
        throw Error("receivers", "name at least one receiver, such as q:9.6 or resid_post:11");
    std::vector<Node> together;
    for (const Node &node : ends.nodes) {
        check_site(node.site);
        check_node(node, c, "receivers");
        if (per_head(node.site) && node.head < 0)
            throw Error("receivers " + to_string(node), "name the head too, such as " + name(node.site) + ":9.6");
        for (const Node &one : expanded(node))
            together.push_back(one);
    }
    groups.push_back(together);
    return groups;
}

bool end_is_enough(const Node &node, const ModelConfig &c)
{
    if (node.layer != c.n_layers - 1)
        return false;
    return node.site == Site::Q || node.site == Site::QInput || node.site == Site::ResidPost
        || node.site == Site::ResidMid || node.site == Site::MlpPre;
}

Edit receiver_edit(const Node &node, const at::Tensor &values, bool add, const std::shared_ptr<const RowMap> &rows)
{
    Edit edit;
    edit.layer = node.layer + info(node.site).reads;
    edit.head = node.head;
    edit.value = Edit::Value::Tensor;
    edit.add = add;
    edit.tensor = values;
    edit.rows = rows;
    switch (node.site) {
    case Site::QInput:
        edit.site = Site::Q;
        break;
    case Site::KInput:
        edit.site = Site::K;
        break;
    case Site::VInput:
        edit.site = Site::V;
        break;
    case Site::ResidPost:
        edit.site = Site::ResidPre;
        break;
    default:
        edit.site = node.site;
    }
    return edit;
}

} // namespace patchbay::detail
