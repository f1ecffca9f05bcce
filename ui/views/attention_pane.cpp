#include "views/attention_pane.h"

#include "attention_text_widget.h"
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "view_options.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QSpinBox>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace patchbay {

using widgets::HeadId;

namespace {
constexpr int kThumbnail = 84, kSmallThumbnail = 48;
constexpr int kNarrow = 400; // of the pane: the pattern needs the room more
constexpr int kLeastPattern = 130;
} // namespace

AttentionPane::AttentionPane(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_thumbnails(new widgets::AttentionThumbnails(this)),
      m_matrix(new widgets::AttentionWidget(this)), m_text(new widgets::AttentionTextWidget(this)),
      m_stack(new QStackedWidget(this))
{
    QVBoxLayout *column = paneColumn(this);
    column->addWidget(buildOptions());
    auto *row = new QHBoxLayout;
    row->setSpacing(0);
    row->addWidget(m_thumbnails);
    row->addWidget(m_stack, 1);
    column->addLayout(row, 1);
    m_stack->addWidget(m_matrix);
    m_stack->addWidget(m_text);
    m_stack->setMinimumSize(kLeastPattern, kLeastPattern); // beside the strip on a small screen
    fitThumbnails();

    connect(m_thumbnails, &widgets::AttentionThumbnails::clicked, this,
            [this](HeadId head) { m_explorer.navigation.select(m_explorer.navigation.place().heads, head); });
    setFocusProxy(m_matrix);
    connect(m_matrix, &widgets::AttentionWidget::clicked, this,
            [this](int rowToken, int) { m_text->setLocked(rowToken); });
    connect(&m_explorer.attention, &AttentionController::viewsChanged, this, &AttentionPane::refresh);
    connect(&m_explorer.attention, &AttentionController::optionsChanged, this, &AttentionPane::refreshOptions);
    connect(&m_explorer.document, &Document::setupChanged, this, &AttentionPane::refreshOptions);
    refreshOptions();
    refresh();
}

void AttentionPane::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitThumbnails();
}

void AttentionPane::fitThumbnails()
{
    m_thumbnails->setColumn(width() < kNarrow ? kSmallThumbnail : kThumbnail);
}

QWidget *AttentionPane::buildOptions()
{
    auto *bar = new QWidget(this);
    auto *row = new FlowRow(bar);
    row->setContentsMargins(8, 6, 8, 4);
    row->setSpacing(4);
    m_source = new QComboBox(bar);
    m_source->setAccessibleName(tr("Which run's attention"));
    m_source->addItem(tr("Clean"), int(AttentionSource::Clean));
    m_source->addItem(tr("Flipped"), int(AttentionSource::Flipped));
    m_source->addItem(tr("Clean − flipped"), int(AttentionSource::CleanMinusFlipped));
    m_source->addItem(tr("Patched"), int(AttentionSource::Patched));
    m_source->addItem(tr("Patched − base"), int(AttentionSource::PatchedMinusBase));
    m_source->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_source->setMinimumContentsLength(6);
    m_prompt = new QSpinBox(bar);
    m_prompt->setAccessibleName(tr("Prompt of the attention view"));
    m_prompt->setPrefix(tr("prompt "));
    m_prompt->setMinimum(1);
    m_byRole = toggleButton(
        tr("Mean"), tr("Mean over prompts, aligned by role: the first token, named positions such as IO and S2, END"),
        bar);
    m_valueWeighted = toggleButton(tr("Value-weighted"),
                                   tr("Attention times the length of what is moved, relative to the largest"), bar);
    m_asText = toggleButton(tr("Text"), tr("As text: hover a token to see where it looks"), bar);
    m_tried = flatButton(tr("Tried prompt ×"), tr("Back to the prompts of the task"), bar);
    keepOption(m_source, "attention.run");
    keepOption(m_prompt, "attention.prompt");
    keepOption(m_byRole, "attention.mean");
    keepOption(m_valueWeighted, "attention.value-weighted");
    keepOption(m_asText, "attention.text");
    row->addWidget(m_source);
    row->addWidget(m_tried);
    row->addWidget(m_prompt);
    row->addWidget(m_byRole);
    row->addWidget(m_valueWeighted);
    row->addWidget(m_asText);
    auto &attention = m_explorer.attention;
    connect(m_source, &QComboBox::currentIndexChanged, this,
            [this, &attention] { attention.setSource(AttentionSource(m_source->currentData().toInt())); });
    connect(m_tried, &QToolButton::clicked, this, [&attention] { attention.setTried(nullptr); });
    connect(m_prompt, &QSpinBox::valueChanged, this, [&attention](int prompt) { attention.setPrompt(prompt - 1); });
    connect(m_byRole, &QToolButton::toggled, this,
            [this, &attention](bool on) { attention.setPrompt(on ? -1 : m_prompt->value() - 1); });
    connect(m_valueWeighted, &QToolButton::toggled, this,
            [&attention](bool on) { attention.setKind(on ? AttentionKind::ValueWeighted : AttentionKind::Plain); });
    connect(m_asText, &QToolButton::toggled, this, &AttentionPane::showText);
    return bar;
}

void AttentionPane::showText(bool on)
{
    const QSignalBlocker block(m_asText);
    m_asText->setChecked(on);
    m_stack->setCurrentWidget(on ? static_cast<QWidget *>(m_text) : m_matrix);
}

void AttentionPane::refreshOptions()
{
    const auto &attention = m_explorer.attention;
    const SetupPtr setup = m_explorer.document.ready() ? m_explorer.document.setup() : nullptr;
    const QSignalBlocker a(m_prompt), b(m_byRole), c(m_source), d(m_valueWeighted);
    m_prompt->setMaximum(setup ? setup->batch.prompts : 1);
    if (attention.prompt() >= 0)
        m_prompt->setValue(attention.prompt() + 1);
    const bool tried = attention.tried() != nullptr;
    m_tried->setVisible(tried);
    m_prompt->setVisible(!tried);
    m_prompt->setEnabled(setup && attention.prompt() >= 0);
    m_byRole->setEnabled(!tried && attention.hasRoles());
    m_valueWeighted->setEnabled(!tried);
    m_byRole->setChecked(attention.prompt() < 0);
    m_source->setCurrentIndex(m_source->findData(int(attention.source())));
    m_valueWeighted->setChecked(attention.kind() == AttentionKind::ValueWeighted);
}

void AttentionPane::refresh()
{
    const auto &views = m_explorer.attention.views();
    const QString hint = m_explorer.attention.hint();
    m_matrix->setEmptyText(hint);
    m_text->setEmptyText(hint);
    m_thumbnails->setVisible(views.size() > 1);
    m_thumbnails->setViews(views);
    const Place &place = m_explorer.navigation.place();
    m_thumbnails->setSelection(place.heads);
    m_thumbnails->setCurrent(place.current);
    const widgets::AttentionView view = views.isEmpty() ? widgets::AttentionView{} : views.front();
    m_matrix->setView(view);
    m_text->setView(view);
}

} // namespace patchbay
