#include "docks/prompts_model.h"

#include "task/role_marks.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

PromptsModel::PromptsModel(Document &document, QObject *parent) : QAbstractTableModel(parent), m_document(document)
{
    connect(&m_document, &Document::setupChanged, this, [this] {
        beginResetModel();
        m_scale = 0;
        const Baseline &base = m_document.setup()->baseline;
        for (const auto *values : {&base.clean, &base.flipped})
            for (const float v : *values)
                m_scale = std::max(m_scale, double(std::abs(v)));
        endResetModel();
    });
}

int PromptsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() || !m_document.ready() ? 0 : static_cast<int>(m_document.setup()->pairs.size());
}

int PromptsModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant PromptsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (role != Qt::DisplayRole)
        return {};
    if (orientation == Qt::Vertical)
        return section + 1;
    switch (section) {
    case Use:
        return QString();
    case Clean:
        return tr("Clean");
    case Flipped:
        return tr("Flipped");
    case Answer:
        return tr("Answer");
    case Wrong:
        return tr("Wrong");
    case Effect:
        return tr("Logit diff");
    case Problem:
        return tr("Problem");
    default:
        return {};
    }
}

QVector<ShownToken> PromptsModel::tokens(int row, bool flipped) const
{
    const Setup &setup = *m_document.setup();
    const PromptPair &pair = setup.pairs[size_t(row)];
    const auto &texts = (flipped ? setup.flipped_tokens : setup.clean_tokens)[size_t(row)];
    const std::vector<std::string> roles = role_marks(pair);
    QVector<ShownToken> shown;
    for (size_t i = 0; i < texts.size(); ++i) {
        ShownToken token{QString::fromStdString(texts[i]), {}, false};
        if (i < roles.size())
            token.role = QString::fromStdString(roles[i]);
        token.changed =
            i >= pair.clean_ids.size() || i >= pair.flipped_ids.size() || pair.clean_ids[i] != pair.flipped_ids[i];
        shown << token;
    }
    return shown;
}

double PromptsModel::logitDiff(int pair, bool flipped) const
{
    const int prompt = m_document.batchIndex(pair);
    const Baseline &base = m_document.setup()->baseline;
    return prompt < 0 ? std::numeric_limits<double>::quiet_NaN()
                      : double((flipped ? base.flipped : base.clean)[size_t(prompt)]);
}

double PromptsModel::scale() const
{
    return m_scale;
}

QVariant PromptsModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || !m_document.ready())
        return {};
    const PromptPair &pair = m_document.setup()->pairs[size_t(index.row())];
    if (role == Qt::CheckStateRole && index.column() == Use)
        return pair.usable() ? Qt::Checked : Qt::Unchecked;
    if (role == Qt::ToolTipRole && !pair.problem.empty())
        return QString::fromStdString(pair.problem);
    if (role != Qt::DisplayRole && role != Qt::EditRole && role != SortRole)
        return {};
    switch (index.column()) {
    case Use:
        return role == SortRole ? QVariant(pair.usable()) : QVariant();
    case Clean:
        return QString::fromStdString(pair.clean);
    case Flipped:
        return QString::fromStdString(pair.flipped);
    case Answer:
        return QString::fromStdString(pair.answer);
    case Wrong:
        return QString::fromStdString(pair.wrong);
    case Effect: {
        const double clean = logitDiff(index.row(), false);
        if (role == SortRole)
            return std::isnan(clean) ? QVariant() : QVariant(clean);
        return std::isnan(clean)
            ? QString()
            : tr("clean %1, flipped %2")
                  .arg(widgets::signedNumber(clean, 1), widgets::signedNumber(logitDiff(index.row(), true), 1));
    }
    case Problem:
        return QString::fromStdString(pair.problem);
    default:
        return {};
    }
}

bool PromptsModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (!index.isValid() || !m_document.ready())
        return false;
    if (role == Qt::CheckStateRole && index.column() == Use) {
        include(index.row(), value.toInt() == Qt::Checked);
        return true;
    }
    if (role != Qt::EditRole)
        return false;
    std::vector<PromptPair> pairs = m_document.setup()->pairs;
    PromptPair &pair = pairs[size_t(index.row())];
    std::string *field = index.column() == Clean ? &pair.clean
        : index.column() == Flipped              ? &pair.flipped
        : index.column() == Answer               ? &pair.answer
        : index.column() == Wrong                ? &pair.wrong
                                                 : nullptr;
    const std::string text = value.toString().toStdString();
    if (!field || *field == text)
        return false;
    *field = text;
    if (field == &pair.clean)
        pair.given_roles.clear(); // they counted the tokens of the text from before
    m_document.setPairs(pairs);
    return true;
}

void PromptsModel::include(int row, bool used)
{
    std::vector<int> excluded = m_document.setup()->task_ref.excluded;
    excluded.erase(std::remove(excluded.begin(), excluded.end(), row), excluded.end());
    if (!used)
        excluded.push_back(row);
    std::sort(excluded.begin(), excluded.end());
    m_document.setExcluded(excluded);
}

Qt::ItemFlags PromptsModel::flags(const QModelIndex &index) const
{
    Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable;
    if (index.column() == Use && m_document.ready() && m_document.setup()->pairs[size_t(index.row())].problem.empty())
        flags |= Qt::ItemIsUserCheckable;
    if (index.column() >= Clean && index.column() <= Wrong)
        flags |= Qt::ItemIsEditable;
    return flags;
}

} // namespace patchbay
