// The series over training: opened, computed, scrubbed and exported from the window.
#include "main_window.h"

#include "export/scrub_pictures.h"
#include "report/report.h"
#include "shell/actions.h"
#include "shell/message_bar.h"
#include "shell/run_controls.h"
#include "shell/series_dialog.h"
#include "views/series_pane.h"

#include <QFileDialog>
#include <QPointer>
#include <QThreadPool>

namespace patchbay {

namespace {

/// Draws files on another thread; done is called on the window's.
void drawFiles(MainWindow *window, const std::function<QStringList()> &draw,
               const std::function<void(const QStringList &, const std::optional<Failure> &)> &done)
{
    QThreadPool::globalInstance()->start([draw, done, there = QPointer<MainWindow>(window)] {
        QStringList files;
        std::optional<Failure> failure;
        try {
            files = draw();
        } catch (...) {
            failure = failureOf(std::current_exception());
        }
        QMetaObject::invokeMethod(QCoreApplication::instance(), [=] {
            if (there)
                done(files, failure);
        });
    });
}

} // namespace

void MainWindow::openSeries(const QString &folder)
{
    m_explorer.series.open(folder);
    m_docking.raise(QStringLiteral("series"));
}

void MainWindow::connectSeries()
{
    SeriesController &series = m_explorer.series;
    connect(&series, &SeriesController::failed, this, [this](Failure failure) {
        if (failure.nextStep.isEmpty())
            failure.nextStep = tr("Steps that are there stay; starting it again goes on.");
        m_messages->showFailure(tr("The series cannot go on"), failure);
    });
    connect(&series, &SeriesController::runningChanged, this, &MainWindow::updateProgress);
    connect(m_actions->openSeries, &QAction::triggered, this, &MainWindow::chooseSeries);
    connect(m_actions->series, &QAction::triggered, this, [this] {
        auto *dialog = new SeriesDialog(m_explorer, m_controls->spec(), this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(dialog, &QDialog::accepted, this, [this] { m_docking.raise(QStringLiteral("series")); });
        dialog->open();
    });
    connect(m_actions->exportScrub, &QAction::triggered, this, &MainWindow::chooseScrubFolder);
    connect(m_actions->seriesReport, &QAction::triggered, this, &MainWindow::drawSeriesReport);
    connect(m_series, &SeriesPane::modelRequested, this,
            [this](const QString &model, const std::optional<TaskRef> &task) {
                if (!task)
                    return m_explorer.document.openModel(model);
                ModelRef ref;
                ref.path = model.toStdString();
                m_explorer.document.open({ref, *task});
            });
}

void MainWindow::chooseSeries()
{
    auto *dialog = new QFileDialog(this, tr("Open the folder of a series"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, &MainWindow::openSeries);
    dialog->open();
}

void MainWindow::chooseScrubFolder()
{
    auto *dialog = new QFileDialog(this, tr("Folder for the numbered pictures"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString &folder) {
        const SeriesController &at = m_explorer.series;
        widgets::FigureSpec spec;
        spec.dpi = 200;
        drawFiles(
            this,
            [folder, series = at.series(), part = at.options().part, spec] {
                return exportScrub(folder, *series, part, spec);
            },
            [this, folder](const QStringList &files, const std::optional<Failure> &failure) {
                if (failure)
                    m_messages->showFailure(tr("The pictures were not written"), *failure);
                else
                    m_messages->showNote(tr("%1 pictures are in %2").arg(files.size()).arg(folder));
            });
    });
    dialog->open();
}

void MainWindow::drawSeriesReport()
{
    drawFiles(
        this,
        [folder = m_explorer.series.folder(), measures = m_explorer.series.measures()] {
            return writeSeriesReport(folder.toStdString(), measures->options);
        },
        [this](const QStringList &files, const std::optional<Failure> &failure) {
            if (failure)
                m_messages->showFailure(tr("The report was not drawn"), *failure);
            else
                m_messages->showWritten(files);
        });
}

} // namespace patchbay
