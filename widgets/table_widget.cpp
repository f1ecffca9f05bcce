#include "table_widget.h"

#include <QAbstractTableModel>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QRegularExpression>
#include <QSortFilterProxyModel>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <optional>

namespace patchbay::widgets {

namespace {

constexpr int kWidest = 340;                         // px of a column before its texts wrap
constexpr int kTitlePadding = 20, kTextPadding = 14; // px beside a column's title, and beside its texts
constexpr int kWrappedRows = 200; // more rows than these have the height of one line: measuring them all takes long

/// "−11.0 %" and "+25 ± 3" are numbers, "[6.1, 6.5]" too, by its lower end; "L9H6" is none.
std::optional<double> numberIn(const QString &text)
{
    static const QRegularExpression number(
        QStringLiteral("^[\\[±]?([+\\-\u2212]?)(\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)(?![\\w.])"));
    const QRegularExpressionMatch match = number.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    const double value = match.captured(2).toDouble();
    return match.captured(1).isEmpty() || match.captured(1) == QLatin1String("+") ? value : -value;
}

std::optional<std::pair<int, int>> headIn(const QString &text)
{
    static const QRegularExpression head(QStringLiteral("^L(\\d+)(?:H(\\d+))?\\b"));
    const QRegularExpressionMatch match = head.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    return std::pair{match.captured(1).toInt(), match.captured(2).isEmpty() ? -1 : match.captured(2).toInt()};
}

class Sorted : public QSortFilterProxyModel {
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

protected:
    bool lessThan(const QModelIndex &a, const QModelIndex &b) const override
    {
        return comesBefore(a.data().toString(), b.data().toString());
    }
};

} // namespace

bool comesBefore(const QString &a, const QString &b)
{
    if (const auto left = headIn(a), right = headIn(b); left && right)
        return *left < *right;
    const auto left = numberIn(a), right = numberIn(b);
    if (left && right)
        return *left < *right;
    if (left || right)
        return left.has_value();
    return a.localeAwareCompare(b) < 0;
}

class TableModel : public QAbstractTableModel {
public:
    explicit TableModel(QObject *parent) : QAbstractTableModel(parent) { }
    void setView(const TableView &view)
    {
        if (view.columns == m_view.columns && view.rows.size() == m_view.rows.size()) {
            m_view = view;
            if (!m_view.rows.isEmpty())
                Q_EMIT dataChanged(index(0, 0), index(rowCount({}) - 1, columnCount({}) - 1));
            return;
        }
        beginResetModel();
        m_view = view;
        endResetModel();
    }
    int rowCount(const QModelIndex &parent) const override { return parent.isValid() ? 0 : int(m_view.rows.size()); }
    int columnCount(const QModelIndex &parent) const override
    {
        return parent.isValid() ? 0 : int(m_view.columns.size());
    }
    QVariant data(const QModelIndex &index, int role) const override
    {
        const QString text = m_view.rows.value(index.row()).value(index.column());
        switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole:
            return text;
        case Qt::TextAlignmentRole:
            return int((numberIn(text) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        case Qt::ForegroundRole: // within noise
            return m_view.isGrey(index.row(), index.column())
                ? QVariant(QGuiApplication::palette().color(QPalette::PlaceholderText))
                : QVariant();
        default:
            return {};
        }
    }
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override
    {
        if (orientation != Qt::Horizontal)
            return {};
        if (role == Qt::DisplayRole || role == Qt::ToolTipRole)
            return m_view.columns.value(section);
        if (role == Qt::TextAlignmentRole)
            return int((numberIn(m_view.rows.value(0).value(section)) ? Qt::AlignRight : Qt::AlignLeft)
                       | Qt::AlignVCenter);
        return {};
    }

private:
    TableView m_view;
};

TableWidget::TableWidget(QWidget *parent)
    : QWidget(parent), m_title(new QLabel(this)), m_empty(new QLabel(this)), m_table(new QTableView(this)),
      m_model(new TableModel(this)), m_sorted(new Sorted(this))
{
    setBackgroundRole(QPalette::Base);
    setAutoFillBackground(true);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    QFont bold = font();
    bold.setBold(true);
    m_title->setFont(bold);
    m_title->setWordWrap(true);
    m_title->setContentsMargins(8, 8, 8, 6);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_sorted->setSourceModel(m_model);
    m_table->setModel(m_sorted);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setTabKeyNavigation(false); // Tab leads on to the next control
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->setWordWrap(true);
    m_table->setMouseTracking(true);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
    m_table->horizontalHeader()->setSortIndicatorClearable(true);
    m_table->setSortingEnabled(true);
    m_table->setAccessibleName(tr("Table"));
    column->addWidget(m_title);
    column->addWidget(m_table, 1);
    column->addWidget(m_empty, 1);
    setFocusProxy(m_table);
    m_table->installEventFilter(this);
    m_table->viewport()->installEventFilter(this);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &TableWidget::takeSelection);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
        if (currentRow() >= 0)
            Q_EMIT rowChanged(currentRow());
    });
    connect(m_table, &QTableView::doubleClicked, this, [this](const QModelIndex &index) {
        if (headOf(index.row()).valid())
            Q_EMIT activated(headOf(index.row()));
    });
    connect(m_table, &QTableView::entered, this,
            [this](const QModelIndex &index) { Q_EMIT hovered(headOf(index.row())); });
    setView({});
}

TableWidget::~TableWidget() = default;

void TableWidget::setView(const TableView &view)
{
    const bool fresh = view.columns != m_view.columns || view.title != m_view.title;
    m_view = view;
    m_title->setText(view.title);
    m_title->setVisible(!view.title.isEmpty());
    m_table->setAccessibleName(view.title.isEmpty() ? tr("Table") : view.title);
    m_setting = true;
    if (fresh)
        m_table->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
    m_model->setView(view);
    m_setting = false;
    m_table->setVisible(!view.rows.isEmpty());
    m_empty->setVisible(view.rows.isEmpty());
    m_table->verticalHeader()->setSectionResizeMode(view.rows.size() > kWrappedRows ? QHeaderView::Fixed
                                                                                    : QHeaderView::ResizeToContents);
    if (fresh || m_table->columnWidth(0) == 0)
        fitColumns();
    setSelection(m_selected);
}

void TableWidget::setEmptyText(const QString &text)
{
    m_empty->setText(text);
}

// What is narrow stays so; what is long shares the rest, and wraps.
void TableWidget::fitColumns()
{
    const int columns = int(m_view.columns.size());
    if (columns == 0)
        return;
    const QFontMetrics texts(m_table->font()), titles(m_table->horizontalHeader()->font());
    QVector<int> wide;
    int room = m_table->viewport()->width();
    for (int i = 0; i < columns; ++i) {
        int width = titles.horizontalAdvance(m_view.columns[i]) + kTitlePadding;
        for (const QStringList &row : m_view.rows)
            width = std::max(width, texts.horizontalAdvance(row.value(i)) + kTextPadding);
        if (width > kWidest)
            wide << i;
        else
            room -= width;
        m_table->setColumnWidth(i, std::min(width, kWidest));
    }
    for (const int i : std::as_const(wide))
        m_table->setColumnWidth(i, std::max(kWidest / 2, room / int(wide.size())));
    // Stretched, the last one would be cut where there is too little room for all: then the table scrolls.
    m_table->horizontalHeader()->setStretchLastSection(room >= 0);
}

void TableWidget::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitColumns();
}

HeadId TableWidget::headOf(int shownRow) const
{
    if (shownRow < 0 || shownRow >= m_sorted->rowCount())
        return {};
    return m_view.heads.value(m_sorted->mapToSource(m_sorted->index(shownRow, 0)).row());
}

int TableWidget::currentRow() const
{
    const QModelIndex current = m_table->currentIndex();
    return current.isValid() ? m_sorted->mapToSource(current).row() : -1;
}

QStringList TableWidget::shownRow(int row) const
{
    QStringList texts;
    for (int column = 0; column < m_sorted->columnCount(); ++column)
        texts << m_sorted->index(row, column).data().toString();
    return texts;
}

void TableWidget::sortBy(int column, Qt::SortOrder order)
{
    m_table->sortByColumn(column, order);
}

void TableWidget::setSelection(const QVector<HeadId> &heads)
{
    m_selected = heads;
    m_setting = true;
    QItemSelection rows;
    for (int row = 0; row < m_sorted->rowCount(); ++row)
        if (const HeadId head = headOf(row); head.valid() && heads.contains(head))
            rows.select(m_sorted->index(row, 0), m_sorted->index(row, m_sorted->columnCount() - 1));
    m_table->selectionModel()->select(rows, QItemSelectionModel::ClearAndSelect);
    m_setting = false;
}

void TableWidget::takeSelection()
{
    if (m_setting || m_view.heads.isEmpty())
        return;
    QVector<HeadId> heads;
    for (const QModelIndex &row : m_table->selectionModel()->selectedRows())
        if (const HeadId head = headOf(row.row()); head.valid() && !heads.contains(head))
            heads << head;
    // The one that was clicked last is the current one.
    if (const HeadId last = headOf(m_table->currentIndex().row()); heads.removeOne(last))
        heads << last;
    m_selected = heads;
    Q_EMIT selectionChanged(heads);
}

bool TableWidget::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_table && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        const HeadId head = headOf(m_table->currentIndex().row());
        if ((key == Qt::Key_Return || key == Qt::Key_Enter) && head.valid()) {
            Q_EMIT activated(head);
            return true;
        }
    }
    if (watched == m_table->viewport() && event->type() == QEvent::ContextMenu) {
        const auto *menu = static_cast<QContextMenuEvent *>(event);
        const QModelIndex at =
            menu->reason() == QContextMenuEvent::Keyboard ? m_table->currentIndex() : m_table->indexAt(menu->pos());
        if (const HeadId head = headOf(at.row()); head.valid())
            Q_EMIT contextMenuRequested(head, menu->globalPos());
        return true;
    }
    if (watched == m_table->viewport() && event->type() == QEvent::Resize)
        fitColumns(); // a table that was hidden has its size only now
    if (watched == m_table->viewport() && event->type() == QEvent::Leave)
        Q_EMIT hovered({});
    return QWidget::eventFilter(watched, event);
}

} // namespace patchbay::widgets
