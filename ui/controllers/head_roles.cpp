#include "controllers/head_roles.h"

#include "analysis/selection.h"
#include "base/error.h"
#include "view_models.h"

namespace patchbay {

using widgets::HeadId;

namespace {
bool namesRoles(const RunResultPtr &result)
{
    return result && result->summary.is_object() && result->summary.contains("roles")
        && result->summary["roles"].is_array();
}
} // namespace

HeadRoles::HeadRoles(Document &document, Navigation &navigation, RunsStore &store, RecipeController &recipe,
                     QObject *parent)
    : QObject(parent), m_document(document), m_navigation(navigation), m_store(store), m_recipe(recipe)
{
    connect(&m_store, &RunsStore::runChanged, this, &HeadRoles::refresh);
    connect(&m_store, &RunsStore::runRemoved, this, &HeadRoles::refresh);
    connect(&m_recipe, &RecipeController::changed, this, &HeadRoles::refresh);
    connect(&m_document, &Document::setupChanged, this, &HeadRoles::refresh);
}

RunSpec HeadRoles::spec()
{
    RunSpec spec;
    spec.method = Analysis{"roles", {}, nullptr};
    return spec;
}

void HeadRoles::refresh()
{
    RunResultPtr newest;
    if (m_document.ready()) {
        const Setup &setup = *m_document.setup();
        for (const RunEntry &entry : m_store.entries()) {
            const bool ofDocument = entry.spec.model == setup.model_ref && entry.spec.task == setup.task_ref;
            if (!newest && ofDocument && entry.state == RunState::Done && namesRoles(entry.result))
                newest = entry.result;
        }
        for (int step = 0; !newest && step < m_recipe.steps(); ++step)
            if (namesRoles(m_recipe.outcome(step).result))
                newest = m_recipe.outcome(step).result;
    }
    if (take(newest))
        Q_EMIT changed();
}

bool HeadRoles::take(const RunResultPtr &result)
{
    if (result == m_from)
        return false;
    m_from = result;
    m_known = result != nullptr;
    m_roles.clear();
    m_ofHead.clear();
    m_evidence.clear();
    if (!result)
        return true;
    for (const auto &one : result->summary["roles"]) {
        const QString role = QString::fromStdString(one.value("role", std::string()));
        const std::string head = one.value("head", std::string());
        if (role.isEmpty() || head.empty())
            continue;
        m_ofHead[toHeadId(parse_head(head))] << role;
        if (one.contains("evidence") && one["evidence"].is_array())
            m_evidence[toHeadId(parse_head(head))]
                << role + QStringLiteral(": ") + QString::fromStdString(to_string(evidence_from_json(one["evidence"])));
        if (!m_roles.contains(role))
            m_roles << role;
    }
    return true;
}

QVector<HeadId> HeadRoles::headsWith(const QString &role) const
{
    QVector<HeadId> heads;
    for (auto it = m_ofHead.cbegin(); it != m_ofHead.cend(); ++it)
        if (it.value().contains(role))
            heads << it.key();
    return heads;
}

QVector<HeadId> HeadRoles::headsOf(const HeadGroup &group) const
{
    switch (group.kind) {
    case HeadGroup::Kind::Role:
        return headsWith(group.role);
    case HeadGroup::Kind::Circuit:
        return m_navigation.place().circuit;
    case HeadGroup::Kind::Selection:
        return m_navigation.place().heads;
    }
    return {};
}

QString HeadRoles::rolesOf(HeadId head) const
{
    return m_ofHead.value(head).join(QStringLiteral(", "));
}

QString HeadRoles::evidenceOf(HeadId head) const
{
    return m_evidence.value(head).join(QLatin1Char('\n'));
}

} // namespace patchbay
