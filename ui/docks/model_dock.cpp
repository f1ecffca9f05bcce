#include "docks/model_dock.h"

#include "amounts_text.h"
#include "docks/dock_parts.h"
#include "model/model_folder.h"
#include "task/task_list.h"
#include "theme.h"
#include "view_text.h"

#include <QComboBox>
#include <QFileInfo>
#include <QGridLayout>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QSpinBox>
#include <QTimer>
#include <QVBoxLayout>

#include <cmath>

namespace patchbay {

namespace {

constexpr int kApplyDelay = 500; // ms after the last change of a task setting

QString countText(int64_t n)
{
    if (n >= 1'000'000'000)
        return QStringLiteral("%1 B").arg(double(n) / 1e9, 0, 'f', 1);
    if (n >= 1'000'000)
        return QStringLiteral("%1 M").arg(double(n) / 1e6, 0, 'f', n < 10'000'000 ? 1 : 0);
    // Thousands apart by a narrow space, as in every other number of the window no locale's own mark.
    QString text = QString::number(qlonglong(n));
    for (qsizetype at = text.size() - 3; at > 0; at -= 3)
        text.insert(at, QChar(0x202f));
    return text;
}

QString shapeText(const TrustReport &trust)
{
    const ModelConfig &c = trust.config;
    QString heads = ModelDock::tr("%1 × %2").arg(countedText(c.n_layers, "layer"), countedText(c.n_heads, "head"));
    if (c.grouped())
        heads += ModelDock::tr(" (%1 KV)").arg(c.n_kv_heads);
    return ModelDock::tr("%1 · %2\n%3 parameters · d_model %4 · %5")
        .arg(QString::fromStdString(family_title(c.family)), heads, countText(trust.parameters),
             QString::number(c.d_model),
             trust.kept_dtype == trust.source_dtype
                 ? QString::fromStdString(trust.source_dtype)
                 : ModelDock::tr("%1, kept as %2")
                       .arg(QString::fromStdString(trust.source_dtype), QString::fromStdString(trust.kept_dtype)));
}

/// Lines of the trust check: a tick or a warning sign, and what was measured; notes after them.
QString trustHtml(const TrustReport &trust, const std::string &arithmetic, bool dark)
{
    const QString good = dark ? QStringLiteral("#4ccb8a") : QStringLiteral("#15803d");
    const QString bad = dark ? QStringLiteral("#f0a04b") : QStringLiteral("#b45309");
    QStringList lines;
    const auto line = [&](bool ok, const QString &text) {
        lines << QStringLiteral("<span style='color:%1'>%2</span>&nbsp; %3")
                     .arg(ok ? good : bad, ok ? QStringLiteral("✓") : QStringLiteral("⚠"), text.toHtmlEscaped());
    };
    line(true, ModelDock::tr("All weights are finite"));
    line(trust.max_logprob_change < 1e-3,
         ModelDock::tr("Processing changes log-probs by ≤ %1").arg(trust.max_logprob_change, 0, 'g', 2));
    const QString tokenizer = QString::fromStdString(trust.tokenizer);
    if (tokenizer == QStringLiteral("ok"))
        line(true, ModelDock::tr("Tokenizer round trip is exact"));
    else
        line(false,
             tokenizer == QStringLiteral("none") ? ModelDock::tr("No tokenizer in the folder")
                                                 : ModelDock::tr("Tokenizer: %1").arg(tokenizer));
    for (const TrustCheck &check : trust.checks) {
        if (check.name == "causal")
            line(check.passed,
                 check.passed ? ModelDock::tr("No later token changes an earlier logit")
                              : ModelDock::tr("Not causal: %1").arg(QString::fromStdString(check.found)));
        if (check.name == "window")
            line(check.passed, ModelDock::tr("Windows: %1").arg(QString::fromStdString(check.found)));
    }
    if (!arithmetic.empty())
        line(true, ModelDock::tr("Products with weights: %1").arg(QString::fromStdString(arithmetic)));
    if (!trust.ignored_keys.empty())
        line(true, ModelDock::tr("Keys of config.json that change nothing here: %1").arg(trust.ignored_keys.size()));
    // Facts to keep in mind; what is wrong stands above.
    for (const std::string &hazard : trust.hazards)
        lines << QStringLiteral("<span style='color:%1'>ℹ</span>&nbsp; %2")
                     .arg(dark ? QStringLiteral("#8c95a1") : QStringLiteral("#77808b"),
                          QString::fromStdString(hazard).toHtmlEscaped());
    return lines.join(QStringLiteral("<br>"));
}

double spread(const std::vector<float> &values, double mean)
{
    double sum = 0;
    for (const float v : values)
        sum += (v - mean) * (v - mean);
    return values.size() > 1 ? std::sqrt(sum / double(values.size() - 1)) : 0;
}

} // namespace

ModelDock::ModelDock(Document &document, QWidget *parent)
    : ScrollColumn(parent), m_document(document), m_apply(new QTimer(this))
{
    auto *content = new QWidget(this);
    auto *column = new QVBoxLayout(content);
    column->setContentsMargins(12, 10, 12, 12);
    column->setSpacing(6);
    buildModel(column);
    column->addSpacing(10);
    buildTask(column);
    column->addSpacing(10);
    buildBaseline(column);
    column->addStretch();
    setWidget(content);
    m_apply->setSingleShot(true);
    m_apply->setInterval(kApplyDelay);
    connect(m_apply, &QTimer::timeout, this, &ModelDock::applyTask);
    connect(&m_document, &Document::setupChanged, this, &ModelDock::refresh);
    connect(&m_document, &Document::loadingChanged, this, [this] {
        if (!m_document.ready())
            refresh();
    });
    refresh();
}

QSize ModelDock::minimumSizeHint() const
{
    return ScrollColumn::minimumSizeHint() + QSize(verticalScrollBar()->sizeHint().width(), 0);
}

void ModelDock::buildModel(QVBoxLayout *column)
{
    auto *top = new QHBoxLayout;
    m_name = heading({}, this);
    QFont font = m_name->font();
    font.setPointSizeF(font.pointSizeF() * 1.15);
    m_name->setFont(font);
    m_open = new QPushButton(tr("Open…"), this);
    m_open->setAccessibleName(tr("Open a model"));
    top->addWidget(m_name, 1);
    top->addWidget(m_open);
    column->addLayout(top);
    m_shape = caption({}, this);
    column->addWidget(m_shape);
    m_trust = new QLabel(this);
    m_trust->setTextFormat(Qt::RichText);
    m_trust->setWordWrap(true);
    m_trust->setAccessibleName(tr("Trust check"));
    column->addWidget(m_trust);
}

void ModelDock::setOpenMenu(QMenu *menu)
{
    m_open->setMenu(menu);
}

void ModelDock::buildTask(QVBoxLayout *column)
{
    auto *top = new QHBoxLayout;
    top->addWidget(heading(tr("Task"), this), 1);
    auto *import = flatButton(tr("Import…"),
                              tr("Prompt pairs from a JSONL or CSV file, or token ids from a safetensors file"), this);
    auto *prompts = flatButton(tr("Prompts"), tr("See and edit the prompt pairs"), this);
    top->addWidget(import);
    top->addWidget(prompts);
    connect(import, &QToolButton::clicked, this, &ModelDock::importRequested);
    connect(prompts, &QToolButton::clicked, this, &ModelDock::promptsRequested);
    column->addLayout(top);
    m_taskText = caption({}, this);
    column->addWidget(m_taskText);

    m_generated = new QWidget(this);
    auto *grid = new QGridLayout(m_generated);
    grid->setContentsMargins(0, 2, 0, 0);
    grid->setHorizontalSpacing(8);
    m_prompts = new QSpinBox(this);
    m_prompts->setRange(2, 2000);
    m_prompts->setAccessibleName(tr("Number of prompt pairs"));
    m_seed = new QSpinBox(this);
    m_seed->setRange(0, 999999);
    m_seed->setAccessibleName(tr("Seed"));
    m_type = new QComboBox(this);
    m_type->addItems({QStringLiteral("mixed"), QStringLiteral("ABBA"), QStringLiteral("BABA")});
    m_type->setAccessibleName(tr("Order of the names"));
    m_type->setToolTip(tr("Which of the two names comes first"));
    grid->addWidget(caption(tr("Pairs"), this), 0, 0);
    grid->addWidget(caption(tr("Seed"), this), 0, 1);
    m_typeTitle = caption(tr("Order"), this);
    grid->addWidget(m_typeTitle, 0, 2);
    grid->addWidget(m_prompts, 1, 0);
    grid->addWidget(m_seed, 1, 1);
    grid->addWidget(m_type, 1, 2);
    column->addWidget(m_generated);
    m_text = new QWidget(this);
    auto *row = new QHBoxLayout(m_text);
    row->setContentsMargins(0, 0, 0, 0);
    m_bos = new QComboBox(this);
    for (const Bos bos : {Bos::Auto, Bos::Yes, Bos::No})
        m_bos->addItem(QString::fromStdString(name(bos)), int(bos));
    m_bos->setAccessibleName(tr("BOS token before each prompt"));
    m_bos->setToolTip(tr("Whether prompts begin with the tokenizer's BOS token; auto: as the tokenizer does it of "
                         "itself. It changes the numbers."));
    row->addWidget(caption(tr("BOS token"), this));
    row->addWidget(m_bos, 1);
    column->addWidget(m_text);
    connect(m_bos, &QComboBox::activated, this, [this] { m_apply->start(); });
    connect(m_prompts, &QSpinBox::valueChanged, this, [this] { m_apply->start(); });
    connect(m_seed, &QSpinBox::valueChanged, this, [this] { m_apply->start(); });
    connect(m_type, &QComboBox::currentIndexChanged, this, [this] { m_apply->start(); });
}

void ModelDock::buildBaseline(QVBoxLayout *column)
{
    column->addWidget(heading(tr("Baseline"), this));
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(10);
    grid->setVerticalSpacing(4);
    const QString rows[] = {tr("Logit diff"), tr("± prompts"), tr("Accuracy"), tr("Rank 0")};
    const QString tips[] = {tr("Mean over prompts of logit(answer) − logit(wrong answer) at END"),
                            tr("Standard deviation over prompts"), tr("Share of prompts with logit diff > 0"),
                            tr("Share of prompts whose most likely next token is the answer")};
    const QString columns[] = {tr("clean"), tr("flipped")};
    for (int c = 0; c < 2; ++c) {
        auto *title = caption(columns[c], this);
        title->setAlignment(Qt::AlignRight);
        grid->addWidget(title, 0, c + 1);
    }
    for (int r = 0; r < 4; ++r) {
        auto *name = new QLabel(rows[r], this);
        name->setToolTip(tips[r]);
        grid->addWidget(name, r + 1, 0);
        for (int c = 0; c < 2; ++c) {
            m_values[c][r] = new QLabel(this);
            m_values[c][r]->setAlignment(Qt::AlignRight);
            m_values[c][r]->setToolTip(tips[r]);
            m_values[c][r]->setAccessibleName(rows[r] + QLatin1Char(' ') + columns[c]);
            grid->addWidget(m_values[c][r], r + 1, c + 1);
        }
    }
    QFont bold = font();
    bold.setBold(true);
    m_values[0][0]->setFont(bold);
    m_values[0][0]->setObjectName(QStringLiteral("baseline-clean"));
    m_values[1][0]->setFont(bold);
    grid->setColumnStretch(0, 1);
    column->addLayout(grid);
    m_gap = caption({}, this);
    column->addWidget(m_gap);
}

void ModelDock::refresh()
{
    const SetupPtr &setup = m_document.setup();
    refreshTask();
    refreshBaseline();
    if (!setup) {
        m_name->setText(m_document.loading() ? tr("Loading") : tr("No model"));
        return;
    }
    const TrustReport &trust = setup->trust;
    const QString path = QString::fromStdString(setup->model_ref.path);
    m_name->setText(path == QStringLiteral("demo") ? tr("Demo model")
                                                   : QString::fromStdString(model_name(path.toStdString())));
    m_name->setToolTip(QString::fromStdString(trust.path));
    m_shape->setText(shapeText(trust));
    m_trust->setText(trustHtml(trust, setup->arithmetic, widgets::isDark(palette())));
    m_trust->setToolTip(
        tr("SHA-256 %1\nloaded in %2 s").arg(QString::fromStdString(trust.sha256)).arg(trust.load_seconds, 0, 'f', 2));
}

void ModelDock::refreshTask()
{
    const SetupPtr &setup = m_document.setup();
    const bool ready = m_document.ready();
    m_generated->setVisible(ready && is_generated(setup->task_ref));
    const bool patterns = ready && info(setup->task_ref).patterns;
    m_type->setVisible(patterns);
    m_typeTitle->setVisible(patterns);
    m_text->setVisible(ready && !setup->pairs.empty());
    if (!ready) {
        m_taskText->setText(m_document.whyNoPrompts());
        m_taskText->setToolTip({});
        return;
    }
    const TaskRef &task = setup->task_ref;
    const int used = setup->batch.prompts;
    const int all = static_cast<int>(setup->pairs.size());
    const QString kind = !task.pairs.is_null() ? tr("Edited pairs")
        : is_generated(task)                   ? QString::fromStdString(task_title(task))
        : task.kind == "pairs"                 ? QFileInfo(QString::fromStdString(task.file)).fileName()
                               : tr("Token ids from %1").arg(QFileInfo(QString::fromStdString(task.file)).fileName());
    m_taskText->setText(
        all > used
            ? tr("%1\n%2 of %3 in use").arg(kind).arg(used).arg(countedText(all, "pair"))
            : tr("%1\n%2, up to %3").arg(kind, countedText(used, "pair"), countedText(setup->batch.width, "token")));
    // Prompts of a batch that are left out, or look padded (those of pairs stand in their table), names that are left
    // out, and the memory budget.
    QStringList notes;
    for (const std::string &note : setup->pairs.empty() ? setup->batch.notes : setup->task_notes)
        notes << QString::fromStdString(note);
    if (!setup->groups_note.empty())
        notes << QString::fromStdString(setup->groups_note);
    if (!notes.isEmpty())
        m_taskText->setText(
            m_taskText->text() + QLatin1Char('\n')
            + (notes.size() == 1 ? notes.first() : tr("%1, and %2 more").arg(notes.first()).arg(notes.size() - 1)));
    m_taskText->setToolTip(notes.join(QLatin1Char('\n')));
    const QSignalBlocker a(m_prompts), b(m_seed), c(m_type);
    const QString came = QString::fromStdString(name(task.bos));
    m_bos->setItemText(0, m_document.task().bos == Bos::Auto ? tr("auto (%1)").arg(came) : tr("auto"));
    m_bos->setCurrentIndex(m_bos->findData(int(m_document.task().bos)));
    m_prompts->setValue(task.prompts);
    m_seed->setValue(static_cast<int>(task.seed));
    m_type->setCurrentText(QString::fromStdString(task.type));
}

void ModelDock::refreshBaseline()
{
    if (!m_document.ready()) {
        for (auto &column : m_values)
            for (QLabel *value : column)
                value->setText(QStringLiteral("–"));
        m_gap->clear();
        return;
    }
    const Baseline &base = m_document.setup()->baseline;
    const auto number = [](double v) { return widgets::signedNumber(v, 2); };
    const auto share = [](double v) {
        return QStringLiteral("%1 %").arg(v * 100, 0, 'f', v >= 0.9995 || v == 0 ? 0 : 1);
    };
    m_values[0][0]->setText(number(base.clean_mean));
    m_values[1][0]->setText(number(base.flipped_mean));
    m_values[0][1]->setText(QString::number(spread(base.clean, base.clean_mean), 'f', 2));
    m_values[1][1]->setText(QString::number(spread(base.flipped, base.flipped_mean), 'f', 2));
    m_values[0][2]->setText(share(base.accuracy_clean));
    m_values[1][2]->setText(share(base.accuracy_flipped));
    m_values[0][3]->setText(share(base.rank0_clean));
    m_values[1][3]->setText(share(base.rank0_flipped));
    const std::string note = gap_note(base);
    m_gap->setText(note.empty()
                       ? tr("100 % is the gap of %1 between the two runs").arg(QString::number(base.gap(), 'f', 2))
                       : QString::fromStdString(note));
}

void ModelDock::applyTask()
{
    if (!m_document.ready())
        return;
    TaskRef task = m_document.task();
    task.bos = Bos(m_bos->currentData().toInt());
    task.prompts = m_prompts->value();
    task.seed = m_seed->value();
    if (info(task).patterns)
        task.type = m_type->currentText().toStdString();
    const bool same = task == m_document.task();
    task.excluded.clear();
    if (!same)
        m_document.openTask(task);
}

} // namespace patchbay
