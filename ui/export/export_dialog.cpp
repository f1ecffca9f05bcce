#include "export/export_dialog.h"

#include "amounts_text.h"
#include "export/figure_options.h"
#include "export/figure_preview.h"

#include <QCheckBox>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QMimeData>
#include <QPointer>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QThreadPool>
#include <QVBoxLayout>

namespace patchbay {

namespace {

const QString folderKey = QStringLiteral("figures/folder");
const QString typeKey = QStringLiteral("figures/type");
const QString numbersKey = QStringLiteral("figures/numbers");

} // namespace

ExportDialog::ExportDialog(FigureSubject subject, std::vector<RunResultPtr> pinned, std::vector<FigureSubject> beside,
                           QWidget *parent)
    : QDialog(parent), m_subject(std::move(subject)), m_pinned(std::move(pinned)), m_beside(std::move(beside))
{
    setWindowTitle(tr("Export figure"));
    m_options = new FigureOptions(m_subject);
    auto *scroll = new QScrollArea;
    scroll->setWidget(m_options);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setMinimumWidth(m_options->minimumSizeHint().width() + scroll->verticalScrollBar()->sizeHint().width()
                            + 12);

    auto *left = new QVBoxLayout;
    left->addWidget(scroll, 1);
    if (!m_pinned.empty()) {
        auto *label = new QLabel(tr("Pinned runs as fu&rther panels"));
        m_panels = new QListWidget;
        m_panels->setAccessibleName(tr("Pinned runs as further panels"));
        label->setBuddy(m_panels);
        for (const RunResultPtr &result : m_pinned) {
            auto *item = new QListWidgetItem(resultTitle(*result), m_panels);
            item->setFlags(Qt::ItemIsUserCheckable | Qt::ItemIsEnabled | Qt::ItemIsSelectable);
            item->setCheckState(Qt::Unchecked);
            item->setToolTip(resultTitle(*result));
        }
        m_panels->setMaximumHeight(110);
        left->addWidget(label);
        left->addWidget(m_panels);
        connect(m_panels, &QListWidget::itemChanged, this, &ExportDialog::refresh);
    }
    m_numbers = new QCheckBox(tr("Also write the num&bers (CSV, NPZ)"));
    m_numbers->setChecked(QSettings().value(numbersKey, true).toBool());
    left->addWidget(m_numbers);

    m_preview = new FigurePreview;
    m_size = new QLabel;
    m_size->setAlignment(Qt::AlignHCenter);
    auto *right = new QVBoxLayout;
    right->addWidget(m_preview, 1);
    right->addWidget(m_size);

    m_message = new QLabel;
    m_message->setWordWrap(true);
    m_message->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_message->setMinimumHeight(m_message->fontMetrics().height()); // what is said moves nothing
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    m_save = buttons->addButton(tr("Sa&ve…"), QDialogButtonBox::AcceptRole);
    m_copy = buttons->addButton(tr("Cop&y"), QDialogButtonBox::ActionRole);
    m_all = buttons->addButton(tr("&Export all pinned…"), QDialogButtonBox::ActionRole);
    m_all->setEnabled(!m_pinned.empty());
    m_all->setToolTip(m_pinned.empty() ? tr("Pin runs in the list of runs to export them together")
                                       : tr("One file a pinned run, with these choices"));
    m_save->setDefault(true);
    buttons->button(QDialogButtonBox::Close)->setAutoDefault(false);

    auto *columns = new QHBoxLayout;
    columns->addLayout(left);
    columns->addLayout(right, 1);
    auto *rows = new QVBoxLayout(this);
    rows->addLayout(columns, 1);
    rows->addWidget(m_message);
    rows->addWidget(buttons);

    connect(m_options, &FigureOptions::changed, this, &ExportDialog::refresh);
    connect(m_save, &QPushButton::clicked, this, &ExportDialog::save);
    connect(m_copy, &QPushButton::clicked, this, &ExportDialog::copyToClipboard);
    connect(m_all, &QPushButton::clicked, this, &ExportDialog::saveAll);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    resize(980, 680);
    refresh();
}

ExportDialog::~ExportDialog()
{
    m_options->remember();
    QSettings().setValue(numbersKey, m_numbers->isChecked());
}

std::vector<FigureSubject> ExportDialog::subjects() const
{
    std::vector<FigureSubject> all{m_subject};
    all.insert(all.end(), m_beside.begin(), m_beside.end());
    for (int i = 0; m_panels && i < m_panels->count(); ++i) {
        if (m_panels->item(i)->checkState() != Qt::Checked)
            continue;
        FigureChoices choices;
        choices.view = runView();
        try {
            all.push_back(figureSubject(m_pinned[size_t(i)], choices));
        } catch (const std::exception &) {
            // A run without such a view (an analysis) stands in the sheet as its table.
            choices.view = FigureView::Table;
            all.push_back(figureSubject(m_pinned[size_t(i)], choices));
        }
    }
    return all;
}

/// Attention, circuits and lines belong to one head, one recipe or one series: other runs stand beside them as
/// heatmaps.
FigureView ExportDialog::runView() const
{
    const bool ofOneRun = m_subject.view != FigureView::Attention && m_subject.view != FigureView::Graph
        && m_subject.view != FigureView::Lines;
    return ofOneRun ? m_subject.view : FigureView::Heatmap;
}

widgets::FigureSheet ExportDialog::sheet() const
{
    return figureSheet(subjects(), m_options->spec());
}

void ExportDialog::refresh()
{
    m_preview->setSheet(sheet());
    m_size->setText(m_preview->sizeText());
}

void ExportDialog::save()
{
    QSettings settings;
    const QString type = settings.value(typeKey, QStringLiteral("pdf")).toString();
    const QDir folder(settings.value(folderKey, QDir::homePath()).toString());
    const QStringList filters{tr("PDF (*.pdf)"), tr("SVG (*.svg)"), tr("PNG (*.png)")};
    const QStringList types{QStringLiteral("pdf"), QStringLiteral("svg"), QStringLiteral("png")};
    QString filter = filters.value(int(types.indexOf(type)));
    QString path = QFileDialog::getSaveFileName(
        this, tr("Save figure"), folder.filePath(fileNameFor(m_subject.title()) + QLatin1Char('.') + type),
        filters.join(QStringLiteral(";;")), &filter);
    if (path.isEmpty())
        return;
    if (!types.contains(QFileInfo(path).suffix().toLower()))
        path += QLatin1Char('.') + types.value(int(filters.indexOf(filter)), type);
    settings.setValue(folderKey, QFileInfo(path).absolutePath());
    settings.setValue(typeKey, QFileInfo(path).suffix().toLower());
    saveTo(path);
}

void ExportDialog::saveTo(const QString &path)
{
    inBackground([path, all = subjects(), spec = m_options->spec(),
                  numbers = m_numbers->isChecked()]() -> std::pair<QString, QStringList> {
        return {{}, exportFigure(path, all, spec, numbers)};
    });
}

void ExportDialog::saveAll()
{
    QSettings settings;
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Folder for the figures"),
                                                             settings.value(folderKey, QDir::homePath()).toString());
    if (folder.isEmpty())
        return;
    settings.setValue(folderKey, folder);
    saveAllTo(folder, settings.value(typeKey, QStringLiteral("pdf")).toString());
}

void ExportDialog::saveAllTo(const QString &folder, const QString &type)
{
    FigureChoices choices;
    choices.view = runView();
    widgets::FigureSpec spec = m_options->spec();
    spec.title.clear(); // each run has its own
    spec.caption.clear();
    choices.facets = m_options->facetTitles();
    spec.facets.clear(); // indices of the shown run; others may have their facets elsewhere
    inBackground([folder, type, results = m_pinned, choices, spec,
                  numbers = m_numbers->isChecked()]() -> std::pair<QString, QStringList> {
        const BatchReport report = exportAll(folder, results, choices, spec, type, numbers);
        return {report.failed.join(QLatin1Char('\n')), report.written};
    });
}

void ExportDialog::copyToClipboard()
{
    struct Formats {
        QByteArray png, svg, pdf;
        QImage image;
    };
    const auto formats = std::make_shared<Formats>();
    inBackground(
        [formats, all = subjects(), spec = m_options->spec()]() -> std::pair<QString, QStringList> {
            const widgets::FigureSheet figure = figureSheet(all, spec);
            const widgets::FigureMetadata metadata = figureMetadata(all);
            *formats = {widgets::figurePng(figure, metadata),
                        widgets::figureSvg(figure, metadata),
                        widgets::figurePdf(figure, metadata),
                        {}};
            formats->image = QImage::fromData(formats->png);
            return {};
        },
        [this, formats] {
            auto *data = new QMimeData;
            data->setImageData(formats->image);
            data->setData(QStringLiteral("image/png"), formats->png);
            data->setData(QStringLiteral("image/svg+xml"), formats->svg);
            data->setData(QStringLiteral("application/pdf"), formats->pdf);
            QGuiApplication::clipboard()->setMimeData(data);
            m_message->setText(tr("Copied as PNG, SVG and PDF."));
            Q_EMIT copied();
        });
}

void ExportDialog::inBackground(const Work &work, const std::function<void()> &then)
{
    setBusy(true);
    m_message->setText(tr("Working…"));
    QThreadPool::globalInstance()->start([work, then, dialog = QPointer<ExportDialog>(this)] {
        std::pair<QString, QStringList> outcome;
        try {
            outcome = work();
        } catch (const std::exception &error) {
            outcome.first = QString::fromUtf8(error.what());
        }
        // The dialog may be gone: the pointer is looked at on its own thread only.
        QMetaObject::invokeMethod(QCoreApplication::instance(), [dialog, outcome, then] {
            if (!dialog)
                return;
            dialog->setBusy(false);
            if (then && outcome.first.isEmpty())
                then();
            else
                dialog->finish(outcome.first, outcome.second);
        });
    });
}

void ExportDialog::setBusy(bool busy)
{
    m_save->setEnabled(!busy);
    m_copy->setEnabled(!busy);
    m_all->setEnabled(!busy && !m_pinned.empty());
}

void ExportDialog::finish(const QString &message, const QStringList &files)
{
    QStringList lines;
    if (files.size() == 1)
        lines << tr("Written: %1").arg(files.front());
    else if (!files.isEmpty())
        lines << tr("%1 written to %2").arg(countedText(files.size(), "file"), QFileInfo(files.front()).absolutePath());
    if (!message.isEmpty())
        lines << tr("Not written: %1").arg(message);
    m_message->setText(lines.join(QLatin1Char('\n')));
    if (message.isEmpty())
        Q_EMIT exported(files);
    else
        Q_EMIT failed(message);
}

} // namespace patchbay
