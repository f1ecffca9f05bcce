// The steps of the recipe as a list: title, what was found, state.
#pragma once

#include "controllers/recipe_controller.h"

#include <QAbstractListModel>

namespace patchbay {

class RecipeModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { StateRole = Qt::UserRole + 1, DetailRole };
    explicit RecipeModel(RecipeController &recipe, QObject *parent = nullptr);
    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;

private:
    RecipeController &m_recipe;
};

QString stateText(StepState state);

} // namespace patchbay
