// Which heads have which role, as the newest analysis of the open model and task says: from the runs or from the
// recipe.
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "controllers/recipe_controller.h"
#include "controllers/runs_store.h"

#include <QMap>
#include <QObject>

namespace patchbay {

class HeadRoles : public QObject {
    Q_OBJECT
public:
    HeadRoles(Document &document, Navigation &navigation, RunsStore &store, RecipeController &recipe,
              QObject *parent = nullptr);

    /// "name mover", "S-inhibition" …, in the order in which their heads come; empty before an analysis has found any.
    const QStringList &roles() const { return m_roles; }
    /// Whether roles were looked for, even if no head has one.
    bool known() const { return m_known; }
    QVector<widgets::HeadId> headsWith(const QString &role) const;
    QVector<widgets::HeadId> headsOf(const HeadGroup &group) const;
    QVector<widgets::HeadId> allHeads() const { return m_ofHead.keys(); }
    /// "name mover, induction", empty for a head without a role.
    QString rolesOf(widgets::HeadId head) const;
    /// A line a role with its marks, their numbers and thresholds: "name mover: direct effect −8.1 % (≤ −2), …".
    QString evidenceOf(widgets::HeadId head) const;
    /// The analysis that finds them.
    static RunSpec spec();

Q_SIGNALS:
    void changed();

private:
    void refresh();
    bool take(const RunResultPtr &result);

    Document &m_document;
    Navigation &m_navigation;
    RunsStore &m_store;
    RecipeController &m_recipe;
    QMap<widgets::HeadId, QStringList> m_ofHead;
    QMap<widgets::HeadId, QStringList> m_evidence;
    QStringList m_roles;
    RunResultPtr m_from; ///< what they were read from, so that a running sweep's news cost nothing
    bool m_known = false;
};

} // namespace patchbay
