// The prompt pairs as a table: one row a pair, with its tokens, roles, baseline and problem.
#pragma once

#include "controllers/document.h"

#include <QAbstractTableModel>
#include <QVector>

namespace patchbay {

/// A token as the table draws it.
struct ShownToken {
    QString text;
    QString role;         ///< "IO", "END" … or empty
    bool changed = false; ///< differs between clean and flipped
};

class PromptsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Use, Clean, Flipped, Answer, Wrong, Effect, Problem, ColumnCount };
    enum Role { SortRole = Qt::UserRole + 1 };

    explicit PromptsModel(Document &document, QObject *parent = nullptr);

    QVector<ShownToken> tokens(int pair, bool flipped) const;
    /// Logit difference of a pair in the baseline; NaN when it is left out.
    double logitDiff(int pair, bool flipped) const;
    /// The largest |logit difference| of the batch: the scale of the bars.
    double scale() const;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role) override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

private:
    void include(int row, bool used);

    Document &m_document;
    double m_scale = 0;
};

} // namespace patchbay
