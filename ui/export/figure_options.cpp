#include "export/figure_options.h"

#include "view_text.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QJsonDocument>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QSettings>
#include <QSignalBlocker>
#include <QSpinBox>

namespace patchbay {

namespace {

constexpr double oneColumn = 85, bothColumns = 174;

const QString facetsOfferedKey = QStringLiteral("figures/facets-offered"),
              facetsChosenKey = QStringLiteral("figures/facets-chosen");

QString settingsKey(FigureView view)
{
    return QStringLiteral("figures/%1").arg(name(view));
}

/// A control with its label, both named for screen readers.
template <typename Control>
Control *named(Control *control, const QString &label)
{
    control->setAccessibleName(label);
    return control;
}

QDoubleSpinBox *spinBox(double from, double to, double step, int decimals, const QString &suffix)
{
    auto *box = new QDoubleSpinBox;
    box->setRange(from, to);
    box->setSingleStep(step);
    box->setDecimals(decimals);
    box->setSuffix(suffix);
    return box;
}

} // namespace

FigureOptions::FigureOptions(const FigureSubject &subject, QWidget *parent) : QWidget(parent), m_view(subject.view)
{
    auto *form = new QFormLayout(this);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    buildSize(form);
    buildLook(form);
    buildContent(form, subject);
    buildText(form, subject);
    setSpec(rememberedSpec(m_view));
    recallFacets();
}

QStringList FigureOptions::allFacets() const
{
    QStringList titles;
    for (int i = 0; m_facets && i < m_facets->count(); ++i)
        titles << m_facets->item(i)->text();
    return titles;
}

QStringList FigureOptions::facetTitles() const
{
    QStringList titles;
    for (int i = 0; m_facets && i < m_facets->count(); ++i)
        if (m_facets->item(i)->checkState() == Qt::Checked)
            titles << m_facets->item(i)->text();
    return titles == allFacets() ? QStringList() : titles;
}

void FigureOptions::recallFacets()
{
    const QStringList offered = QSettings().value(facetsOfferedKey).toStringList(),
                      chosen = QSettings().value(facetsChosenKey).toStringList();
    if (!m_facets || chosen.isEmpty() || offered != allFacets())
        return;
    m_silent = true;
    for (int i = 0; i < m_facets->count(); ++i)
        m_facets->item(i)->setCheckState(chosen.contains(m_facets->item(i)->text()) ? Qt::Checked : Qt::Unchecked);
    m_silent = false;
}

void FigureOptions::buildSize(QFormLayout *form)
{
    m_size = named(new QComboBox, tr("Size"));
    m_size->addItem(tr("One column (85 mm)"), oneColumn);
    m_size->addItem(tr("Both columns (174 mm)"), bothColumns);
    m_size->addItem(tr("Free"), 0.0);
    form->addRow(tr("&Size"), m_size);
    m_width = named(spinBox(30, 1000, 1, 0, tr(" mm")), tr("Width"));
    form->addRow(tr("&Width"), m_width);
    m_height = named(spinBox(0, 1000, 1, 0, tr(" mm")), tr("Height"));
    m_height->setSpecialValueText(tr("Automatic"));
    form->addRow(tr("&Height"), m_height);
    m_points = named(spinBox(5, 24, 0.5, 1, tr(" pt")), tr("Type size"));
    form->addRow(tr("&Type size"), m_points);
    m_dpi = named(new QSpinBox, tr("Resolution of PNG"));
    m_dpi->setRange(300, 2400);
    m_dpi->setSingleStep(100);
    m_dpi->setSuffix(tr(" dpi"));
    form->addRow(tr("&PNG"), m_dpi);
    connect(m_size, &QComboBox::currentIndexChanged, this, [this] {
        const double width = m_size->currentData().toDouble();
        if (width > 0)
            m_width->setValue(width);
        m_width->setEnabled(width <= 0);
        notify();
    });
    for (QDoubleSpinBox *box : {m_width, m_height, m_points})
        connect(box, &QDoubleSpinBox::valueChanged, this, &FigureOptions::notify);
    connect(m_dpi, &QSpinBox::valueChanged, this, &FigureOptions::notify);
}

void FigureOptions::buildLook(QFormLayout *form)
{
    m_map = named(new QComboBox, tr("Colours"));
    m_map->addItem(tr("Red–blue (RdBu)"), int(widgets::ColourMap::RdBu));
    m_map->addItem(tr("Orange–purple (PuOr)"), int(widgets::ColourMap::PuOr));
    m_map->addItem(tr("Viridis"), int(widgets::ColourMap::Viridis));
    connect(m_map, &QComboBox::currentIndexChanged, this, &FigureOptions::notify);
    if (m_view == FigureView::Heatmap || m_view == FigureView::Bars)
        form->addRow(tr("&Colours"), m_map);
    else
        m_map->setParent(this), m_map->hide();
    if (m_view == FigureView::Heatmap) {
        m_limit = named(spinBox(0, 1e6, 5, 2, {}), tr("Colours up to"));
        m_limit->setSpecialValueText(tr("Automatic"));
        form->addRow(tr("Colours &up to"), m_limit);
        connect(m_limit, &QDoubleSpinBox::valueChanged, this, &FigureOptions::notify);
    }
    if (m_view == FigureView::Heatmap || m_view == FigureView::Attention || m_view == FigureView::Bars) {
        m_values =
            named(new QCheckBox(m_view == FigureView::Bars ? tr("&Numbers at the bars") : tr("&Numbers in the cells")),
                  tr("Numbers"));
        form->addRow(QString(), m_values);
        connect(m_values, &QCheckBox::toggled, this, &FigureOptions::notify);
    }
    if (m_view == FigureView::Heatmap || m_view == FigureView::Scatter) {
        m_topLabels = named(new QSpinBox, tr("Heads to name"));
        m_topLabels->setRange(0, 200);
        form->addRow(tr("Heads to na&me"), m_topLabels);
        connect(m_topLabels, &QSpinBox::valueChanged, this, &FigureOptions::notify);
    }
}

void FigureOptions::buildContent(QFormLayout *form, const FigureSubject &subject)
{
    if (const auto *heatmap = std::get_if<widgets::HeatmapView>(&subject.content);
        heatmap && heatmap->facets.size() > 1) {
        m_facets = named(new QListWidget, tr("Facets"));
        for (const widgets::HeatmapFacet &facet : heatmap->facets) {
            auto *item = new QListWidgetItem(facet.title, m_facets);
            item->setFlags(Qt::ItemIsUserCheckable | Qt::ItemIsEnabled | Qt::ItemIsSelectable);
            item->setCheckState(Qt::Checked);
        }
        m_facets->setMaximumHeight(m_facets->sizeHintForRow(0) * std::min<int>(6, m_facets->count()) + 8);
        form->addRow(tr("&Facets"), m_facets);
        connect(m_facets, &QListWidget::itemChanged, this, &FigureOptions::notify);
    }
    if (const auto *attention = std::get_if<widgets::AttentionView>(&subject.content)) {
        m_attention = named(new QComboBox, tr("Form"));
        m_attention->addItems({tr("Matrix"), tr("Text")});
        form->addRow(tr("F&orm"), m_attention);
        m_destination = named(new QComboBox, tr("Attention from"));
        const QStringList &tokens = attention->rowTokens.isEmpty() ? attention->tokens : attention->rowTokens;
        for (int i = 0; i < attention->size; ++i)
            m_destination->addItem(QStringLiteral("%1  %2").arg(i).arg(widgets::visibleToken(tokens.value(i))));
        form->addRow(tr("&Attention from"), m_destination);
        m_destination->setCurrentIndex(attention->size - 1);
        connect(m_attention, &QComboBox::currentIndexChanged, this, [this](int form) {
            m_destination->setEnabled(form == 1);
            notify();
        });
        connect(m_destination, &QComboBox::currentIndexChanged, this, &FigureOptions::notify);
    }
}

void FigureOptions::buildText(QFormLayout *form, const FigureSubject &subject)
{
    m_showTitle = named(new QCheckBox(tr("Tit&le")), tr("Draw the title"));
    m_title = named(new QLineEdit, tr("Title"));
    m_title->setPlaceholderText(subject.title());
    form->addRow(m_showTitle, m_title);
    m_showCaption = named(new QCheckBox(tr("Capt&ion")), tr("Draw the caption"));
    m_caption = named(new QPlainTextEdit, tr("Caption"));
    m_caption->setPlainText(subject.captionText());
    m_caption->setTabChangesFocus(true);
    m_caption->setMaximumHeight(m_caption->fontMetrics().lineSpacing() * 5);
    form->addRow(m_showCaption, m_caption);
    connect(m_showTitle, &QCheckBox::toggled, this, &FigureOptions::notify);
    connect(m_showCaption, &QCheckBox::toggled, this, &FigureOptions::notify);
    connect(m_title, &QLineEdit::textChanged, this, &FigureOptions::notify);
    connect(m_caption, &QPlainTextEdit::textChanged, this, &FigureOptions::notify);
}

void FigureOptions::notify()
{
    if (!m_silent)
        Q_EMIT changed();
}

widgets::FigureSpec FigureOptions::spec() const
{
    widgets::FigureSpec spec;
    spec.width = m_width->value();
    spec.height = m_height->value();
    spec.points = m_points->value();
    spec.dpi = m_dpi->value();
    spec.colourMap = widgets::ColourMap(m_map->currentData().toInt());
    spec.limit = m_limit ? m_limit->value() : 0;
    spec.values = m_values && m_values->isChecked();
    spec.topLabels = m_topLabels ? m_topLabels->value() : -1;
    spec.showTitle = m_showTitle->isChecked();
    spec.title = m_title->text();
    spec.showCaption = m_showCaption->isChecked();
    if (spec.showCaption)
        spec.caption = m_caption->toPlainText().simplified();
    if (m_facets) {
        for (int i = 0; i < m_facets->count(); ++i)
            if (m_facets->item(i)->checkState() == Qt::Checked)
                spec.facets << i;
        if (spec.facets.size() == m_facets->count())
            spec.facets.clear(); // all of them: the same bytes as without a choice
    }
    if (m_attention) {
        spec.attention = m_attention->currentIndex() == 1 ? widgets::FigureSpec::Attention::Text
                                                          : widgets::FigureSpec::Attention::Matrix;
        const bool last = m_destination->currentIndex() == m_destination->count() - 1;
        spec.destination = last ? -1 : m_destination->currentIndex();
    }
    return spec;
}

void FigureOptions::setSpec(const widgets::FigureSpec &spec)
{
    m_silent = true;
    m_width->setValue(spec.width);
    m_size->setCurrentIndex(spec.width == oneColumn ? 0 : spec.width == bothColumns ? 1 : 2);
    m_width->setEnabled(m_size->currentIndex() == 2);
    m_height->setValue(spec.height);
    m_points->setValue(spec.points);
    m_dpi->setValue(spec.dpi);
    m_map->setCurrentIndex(m_map->findData(int(spec.colourMap)));
    if (m_limit)
        m_limit->setValue(spec.limit);
    if (m_values)
        m_values->setChecked(spec.values);
    if (m_topLabels)
        m_topLabels->setValue(spec.topLabels >= 0 ? spec.topLabels : m_view == FigureView::Scatter ? 8 : 0);
    m_showTitle->setChecked(spec.showTitle);
    m_title->setText(spec.title);
    m_showCaption->setChecked(spec.showCaption);
    if (!spec.caption.isEmpty())
        m_caption->setPlainText(spec.caption);
    for (int i = 0; m_facets && i < m_facets->count(); ++i)
        m_facets->item(i)->setCheckState(spec.facets.isEmpty() || spec.facets.contains(i) ? Qt::Checked
                                                                                          : Qt::Unchecked);
    if (m_attention) {
        m_attention->setCurrentIndex(spec.attention == widgets::FigureSpec::Attention::Text ? 1 : 0);
        m_destination->setEnabled(m_attention->currentIndex() == 1);
        if (spec.destination >= 0 && spec.destination < m_destination->count())
            m_destination->setCurrentIndex(spec.destination);
    }
    m_silent = false;
    Q_EMIT changed();
}

void FigureOptions::remember() const
{
    widgets::FigureSpec kept = spec();
    kept.title.clear();
    kept.caption.clear();
    kept.facets.clear();
    kept.destination = -1;
    if (m_facets) {
        QSettings().setValue(facetsOfferedKey, allFacets());
        QSettings().setValue(facetsChosenKey, facetTitles());
    }
    QSettings().setValue(settingsKey(m_view),
                         QString::fromUtf8(QJsonDocument(kept.toJson()).toJson(QJsonDocument::Compact)));
}

widgets::FigureSpec rememberedSpec(FigureView view)
{
    return widgets::FigureSpec::fromJson(
        QJsonDocument::fromJson(QSettings().value(settingsKey(view)).toString().toUtf8()).object());
}

} // namespace patchbay
