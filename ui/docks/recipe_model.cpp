#include "docks/recipe_model.h"

#include "amounts_text.h"

namespace patchbay {

QString stateText(StepState state)
{
    switch (state) {
    case StepState::Pending:
        return RecipeModel::tr("not run yet");
    case StepState::Running:
        return RecipeModel::tr("running");
    case StepState::Done:
        return RecipeModel::tr("done");
    case StepState::Nothing:
        return RecipeModel::tr("nothing found");
    case StepState::Skipped:
        return RecipeModel::tr("skipped");
    case StepState::Failed:
        break;
    }
    return RecipeModel::tr("failed");
}

RecipeModel::RecipeModel(RecipeController &recipe, QObject *parent) : QAbstractListModel(parent), m_recipe(recipe)
{
    connect(&m_recipe, &RecipeController::changed, this, [this] {
        if (rowCount() > 0)
            Q_EMIT dataChanged(index(0), index(rowCount() - 1));
    });
    connect(&m_recipe, &RecipeController::recipeChanged, this, [this] {
        beginResetModel();
        endResetModel();
    });
}

int RecipeModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : m_recipe.steps();
}

QVariant RecipeModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= m_recipe.steps())
        return {};
    const RecipeStep &step = m_recipe.recipe().steps[size_t(index.row())];
    const StepOutcome &outcome = m_recipe.outcome(index.row());
    const QString title = QString::fromStdString(step.title), message = m_recipe.messageOf(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return title;
    case StateRole:
        return static_cast<int>(outcome.state);
    case DetailRole:
        if (outcome.state == StepState::Running && m_recipe.cellsTotal() > 0)
            return tr("%1 of %2").arg(m_recipe.cellsDone()).arg(countedText(m_recipe.cellsTotal(), "cell"));
        return message.isEmpty() ? stateText(outcome.state) : message;
    case Qt::ToolTipRole:
        return QString::fromStdString(step.note);
    case Qt::AccessibleTextRole:
        return title + QStringLiteral(", ") + stateText(outcome.state) + QStringLiteral(". ") + message;
    default:
        return {};
    }
}

} // namespace patchbay
