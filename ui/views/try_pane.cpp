#include "views/try_pane.h"

#include "amounts_text.h"
#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "view_text.h"

#include <QGridLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QScrollBar>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace patchbay {

namespace {

QTableWidgetItem *cell(const QString &text, Qt::Alignment alignment = Qt::AlignLeft)
{
    auto *item = new QTableWidgetItem(text);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    item->setTextAlignment(alignment | Qt::AlignVCenter);
    return item;
}

QTableWidget *table(const QString &name, QWidget *parent)
{
    auto *one = new QTableWidget(parent);
    one->setAccessibleName(name);
    one->setFrameShape(QFrame::NoFrame);
    one->setTabKeyNavigation(false); // Tab leads on to the next control
    one->setWordWrap(false);
    one->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    one->verticalHeader()->setDefaultSectionSize(one->fontMetrics().height() + 10);
    one->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    one->horizontalHeader()->setHighlightSections(false);
    one->verticalHeader()->setHighlightSections(false);
    return one;
}

QString shownToken(const std::string &token)
{
    return widgets::visibleToken(QString::fromStdString(token));
}

QString percent(double probability)
{
    return QStringLiteral("%1 %").arg(100 * probability, 0, 'f', probability < 0.0095 ? 2 : 1);
}

} // namespace

TryPane::TryPane(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_tokens(table(tr("Tokens of the tried prompt"), this)),
      m_likeliest(table(tr("Likeliest next tokens"), this)), m_hint(caption({}, this))
{
    QVBoxLayout *column = paneColumn(this);
    column->addWidget(buildFields());
    m_hint->setContentsMargins(10, 4, 10, 4);
    column->addWidget(m_hint);
    column->addWidget(m_tokens);
    column->addWidget(m_likeliest, 1);
    column->addStretch(0);
    column->addWidget(buildFoot());
    setFocusProxy(m_clean);

    m_likeliest->setShowGrid(false);
    m_likeliest->verticalHeader()->hide();
    m_likeliest->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_likeliest->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_tokens->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(&m_explorer.trying, &TryController::changed, this, &TryPane::refresh);
    connect(&m_explorer.document, &Document::setupChanged, this, &TryPane::refresh);
    connect(&m_explorer.document, &Document::loadingChanged, this, &TryPane::refresh);
    refresh();
}

QWidget *TryPane::buildFields()
{
    auto *fields = new QWidget(this);
    auto *grid = new QGridLayout(fields);
    grid->setContentsMargins(10, 6, 8, 2);
    grid->setHorizontalSpacing(6);
    grid->setVerticalSpacing(4);
    const auto field = [&](const QString &name, const QString &placeholder) {
        auto *edit = new QLineEdit(fields);
        edit->setAccessibleName(name);
        edit->setPlaceholderText(placeholder);
        connect(edit, &QLineEdit::textEdited, this, &TryPane::ask);
        return edit;
    };
    const auto named = [&](const QString &text, QWidget *buddy) {
        auto *label = caption(text, fields);
        label->setWordWrap(false);
        label->setBuddy(buddy);
        return label;
    };
    m_clean = field(tr("Prompt to try"), tr("a prompt without its answer"));
    m_flipped = field(tr("Counterpart"), tr("its counterpart, if you want to compare"));
    m_answer = field(tr("Answer"), tr("likeliest"));
    m_wrong = field(tr("Wrong answer"), tr("likeliest other"));
    m_answer->setToolTip(tr("The right answer, one token; mostly with a space before it"));
    m_wrong->setToolTip(tr("The wrong answer, one token; mostly with a space before it"));
    m_take =
        flatButton(tr("From the task"), tr("The prompt on view of the task, with its counterpart and answers"), fields);
    connect(m_take, &QToolButton::clicked, this, &TryPane::takePrompt);
    grid->addWidget(named(tr("Prompt"), m_clean), 0, 0);
    grid->addWidget(m_clean, 0, 1, 1, 3);
    grid->addWidget(named(tr("Flipped"), m_flipped), 1, 0);
    grid->addWidget(m_flipped, 1, 1, 1, 3);
    grid->addWidget(named(tr("Answer"), m_answer), 2, 0);
    grid->addWidget(m_answer, 2, 1);
    grid->addWidget(named(tr("Wrong"), m_wrong), 2, 2);
    grid->addWidget(m_wrong, 2, 3);
    grid->setColumnStretch(1, 1);
    grid->setColumnStretch(3, 1);
    return fields;
}

QWidget *TryPane::buildFoot()
{
    auto *foot = new QWidget(this);
    auto *column = new QVBoxLayout(foot);
    column->setContentsMargins(10, 2, 8, 6);
    column->setSpacing(2);
    m_summary = caption({}, foot);
    m_summary->setTextFormat(Qt::PlainText);
    m_summary->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_problem = caption({}, foot);
    m_problem->setTextFormat(Qt::PlainText);
    m_add = flatButton(tr("Add to the task"), tr("The pair becomes the last of the task's prompts"), foot);
    m_begin = flatButton(tr("New task"), tr("A task of this pair alone; further ones can be added"), foot);
    connect(m_add, &QToolButton::clicked, &m_explorer.trying, &TryController::addToTask);
    connect(m_begin, &QToolButton::clicked, &m_explorer.trying, &TryController::beginTask);
    column->addWidget(m_summary);
    column->addWidget(m_problem);
    auto *buttons = new QWidget(foot);
    auto *row = new FlowRow(buttons);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    for (QToolButton *button : {m_take, m_add, m_begin})
        row->addWidget(button);
    column->addWidget(buttons);
    return foot;
}

void TryPane::ask()
{
    m_explorer.trying.ask({.clean = m_clean->text().toStdString(),
                           .flipped = m_flipped->text().toStdString(),
                           .answer = m_answer->text().toStdString(),
                           .wrong = m_wrong->text().toStdString()});
}

void TryPane::takePrompt()
{
    const SetupPtr &setup = m_explorer.document.setup();
    if (!setup || setup->batch_pairs.empty())
        return;
    const size_t prompt =
        size_t(std::clamp(m_explorer.navigation.place().prompt, 0, int(setup->batch_pairs.size()) - 1));
    const PromptPair &pair = setup->pairs[size_t(setup->batch_pairs[prompt])];
    m_clean->setText(QString::fromStdString(pair.clean));
    m_flipped->setText(QString::fromStdString(pair.flipped));
    m_answer->setText(QString::fromStdString(pair.answer));
    m_wrong->setText(QString::fromStdString(pair.wrong));
    ask();
}

void TryPane::refresh()
{
    const TryController &trying = m_explorer.trying;
    const SetupPtr &setup = m_explorer.document.setup();
    const TrialPtr &trial = trying.trial();
    m_take->setEnabled(setup && !setup->batch_pairs.empty());
    m_tokens->setVisible(trial != nullptr);
    m_likeliest->setVisible(trial && (trial->clean.problem.empty() || trial->flipped));
    m_summary->setVisible(trial != nullptr);
    m_add->setEnabled(trying.canRun());
    m_begin->setEnabled(trying.canRun());
    QString problem;
    if (trial && trial->flipped && !trial->pair.problem.empty())
        problem = tr("Not a pair that can be run: %1.").arg(QString::fromStdString(trial->pair.problem));
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    m_hint->setVisible(!trial);
    m_hint->setText(
        !trying.failure().isEmpty() ? trying.failure()
            : !setup
            ? tr("The model is loading")
            : tr("What does the model expect next? Tokens, likeliest next tokens and the attention of the "
                 "selected head follow as you type. With a counterpart of as many tokens the pair can join the task."));
    if (!trial)
        return;
    m_answer->setPlaceholderText(trial->found_answer ? QString::fromStdString(trial->pair.answer) : tr("likeliest"));
    m_wrong->setPlaceholderText(trial->found_wrong ? QString::fromStdString(trial->pair.wrong) : tr("likeliest other"));
    fillTokens(*trial);
    fillLikeliest(*trial);
    m_summary->setText(summaryText(*trial));
}

void TryPane::fillTokens(const Trial &trial)
{
    const bool both = trial.flipped.has_value();
    const auto &clean = trial.clean.ids, &flipped = both ? trial.flipped->ids : clean;
    const auto columns = int(std::max(clean.size(), flipped.size()));
    m_tokens->clear();
    m_tokens->setRowCount(both ? 2 : 1);
    m_tokens->setColumnCount(columns);
    QStringList positions;
    for (int i = 0; i < columns; ++i)
        positions << QString::number(i);
    m_tokens->setHorizontalHeaderLabels(positions);
    QStringList rows{tr("clean %1").arg(clean.size())};
    if (both)
        rows << tr("flipped %1").arg(flipped.size());
    m_tokens->setVerticalHeaderLabels(rows);
    for (int row = 0; row < rows.size(); ++row)
        m_tokens->verticalHeaderItem(row)->setToolTip(countedText(int((row == 0 ? clean : flipped).size()), "token"));
    const QColor changed = changedColour(palette());
    for (int row = 0; row < m_tokens->rowCount(); ++row) {
        const TriedText &text = row == 0 ? trial.clean : *trial.flipped;
        for (int i = 0; i < columns; ++i) {
            auto *item =
                cell(size_t(i) < text.tokens.size() ? shownToken(text.tokens[size_t(i)]) : QString(), Qt::AlignHCenter);
            const bool same =
                size_t(i) < clean.size() && size_t(i) < flipped.size() && clean[size_t(i)] == flipped[size_t(i)];
            if (!same)
                item->setBackground(changed);
            if (size_t(i) < text.ids.size())
                item->setToolTip(tr("position %1, token %2").arg(i).arg(text.ids[size_t(i)]));
            m_tokens->setItem(row, i, item);
        }
    }
    m_tokens->resizeColumnsToContents();
    QWidget *parts[] = {m_tokens, m_tokens->horizontalHeader(), m_tokens->horizontalScrollBar()};
    for (QWidget *part : parts)
        part->ensurePolished(); // the theme's margins count, also before it is on screen
    m_tokens->setFixedHeight(m_tokens->horizontalHeader()->sizeHint().height()
                             + m_tokens->rowCount() * m_tokens->verticalHeader()->defaultSectionSize()
                             + m_tokens->horizontalScrollBar()->sizeHint().height() + 2 * m_tokens->frameWidth() + 2);
}

void TryPane::fillLikeliest(const Trial &trial)
{
    std::vector<const TriedText *> texts{&trial.clean};
    if (trial.flipped)
        texts.push_back(&*trial.flipped);
    size_t rows = 0;
    for (const TriedText *text : texts)
        rows = std::max(rows, text->likeliest.size());
    m_likeliest->clear();
    m_likeliest->setRowCount(int(rows));
    // Beside a counterpart there is no room for the logits, which the probabilities' tips say then.
    const int each = texts.size() > 1 ? 2 : 3;
    m_likeliest->setColumnCount(each * int(texts.size()));
    QStringList headers;
    for (const TriedText *text : texts) {
        headers << (text == &trial.clean ? tr("after clean") : tr("after flipped")) << tr("p");
        if (each > 2)
            headers << tr("logit");
    }
    m_likeliest->setHorizontalHeaderLabels(headers);
    for (int column = 0; column < m_likeliest->columnCount(); ++column) {
        QTableWidgetItem *header = m_likeliest->horizontalHeaderItem(column);
        header->setTextAlignment((column % each == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
        if (column % each == 1)
            header->setToolTip(tr("Probability of the token"));
    }
    for (size_t t = 0; t < texts.size(); ++t)
        for (size_t row = 0; row < texts[t]->likeliest.size(); ++row) {
            const NextToken &token = texts[t]->likeliest[row];
            const int column = each * int(t);
            auto *name = cell(shownToken(token.text));
            if (token.id == trial.pair.answer_id || token.id == trial.pair.wrong_id) {
                QFont bold = m_likeliest->font();
                bold.setBold(true);
                name->setFont(bold);
                name->setToolTip(token.id == trial.pair.answer_id ? tr("the answer") : tr("the wrong answer"));
            }
            auto *share = cell(percent(token.probability), Qt::AlignRight);
            share->setToolTip(tr("logit %1").arg(widgets::tickText(token.logit, 3)));
            m_likeliest->setItem(int(row), column, name);
            m_likeliest->setItem(int(row), column + 1, share);
            if (each > 2)
                m_likeliest->setItem(int(row), column + 2, cell(widgets::tickText(token.logit, 2), Qt::AlignRight));
        }
    m_likeliest->resizeColumnsToContents();
}

QString TryPane::summaryText(const Trial &trial) const
{
    for (const auto &[text, name] : {std::pair{&trial.clean, tr("The prompt %1.")},
                                     std::pair{trial.flipped ? &*trial.flipped : nullptr, tr("The counterpart %1.")}})
        if (text && !text->problem.empty())
            return name.arg(QString::fromStdString(text->problem));
    const std::optional<double> clean = trial.clean.logit_diff();
    if (!clean)
        return {};
    QString line =
        tr("Logit diff %1 − %2: %3")
            .arg(shownToken(trial.pair.answer), shownToken(trial.pair.wrong), widgets::signedNumber(*clean, 2));
    if (trial.flipped && trial.flipped->logit_diff())
        line += tr(" clean, %1 flipped").arg(widgets::signedNumber(*trial.flipped->logit_diff(), 2));
    for (const auto &[token, name] :
         {std::pair{&trial.clean.answer, tr("answer")}, std::pair{&trial.clean.wrong, tr("wrong")}})
        line += tr(" · %1: %2, rank %3").arg(name, percent((*token)->probability)).arg((*token)->rank);
    return line;
}

} // namespace patchbay
