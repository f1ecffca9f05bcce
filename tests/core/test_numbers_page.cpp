// The handbook's page of numbers defines every quantity that a caption, a colour bar or a table of marks can name.
#include "analysis/registry.h"
#include "nouns/direction.h"
#include "nouns/metric.h"
#include "nouns/quantity.h"
#include "nouns/site.h"

#include <QFile>
#include <QRegularExpression>
#include <QtTest>

using namespace patchbay;

namespace {

/// Words alone: without emphasis, in one case, with straight apostrophes and single spaces.
QString plain(QString text)
{
    text.replace(QChar(0x2019), QLatin1Char('\''));
    text.remove(QLatin1Char('*')).remove(QLatin1Char('`'));
    return text.toLower().simplified();
}

/// What the page must say for a quantity: of a family by role, the part before the role.
QString wanted(const std::string &words)
{
    return plain(QString::fromStdString(words.substr(0, words.find('*'))));
}

} // namespace

class TestNumbersPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QFile file(QStringLiteral(PATCHBAY_SOURCE_DIR "/docs/handbook/numbers.md"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        m_page = plain(QString::fromUtf8(file.readAll()));
        QVERIFY(m_page.size() > 1000);
    }

    void everyQuantityIsDefined_data()
    {
        QTest::addColumn<QString>("words");
        const auto add = [](const std::string &of, const std::string &words) {
            if (!words.empty())
                QTest::newRow((of + ": " + words).c_str()) << wanted(words);
        };
        for (const AnalysisInfo *analysis : analyses())
            for (const Quantity &one : analysis->yields)
                if (one.draw != Quantity::Draw::Hidden) {
                    add(one.name, one.words);
                    add(one.name, one.colour_label);
                }
        add("path", quantity_named("path").words);
        for (const MetricInfo &metric : metrics())
            for (const std::string &label :
                 {std::string(metric.words), metric.shares ? effect_label(metric) : change_label(metric),
                  metric.slope ? estimate_label(metric) : std::string()})
                add(metric.name, label);
        for (const Direction direction : {Direction::Denoise, Direction::Noise})
            add(name(direction), name(direction) == "noise" ? "noising" : "denoising");
        for (const Ablation ablation : {Ablation::Zero, Ablation::Mean, Ablation::Resample})
            add(name(ablation), name(ablation) + " ablation");
        for (const char *words : {"gap", "bootstrap interval", "within noise", "estimate", "accuracy", "rank-0 rate",
                                  "standard error", "halves of the prompts"})
            add("captions", words);
    }
    void everyQuantityIsDefined()
    {
        QFETCH(QString, words);
        QVERIFY2(m_page.contains(words), qPrintable(words));
    }

    void everySiteIsNamed()
    {
        for (const SiteInfo &site : sites()) {
            const QRegularExpression word(
                QStringLiteral("(?<![\\w.])%1(?!\\w)").arg(QRegularExpression::escape(QString::fromUtf8(site.name))));
            QVERIFY2(m_page.contains(word), site.name);
        }
    }

private:
    QString m_page;
};

QTEST_GUILESS_MAIN(TestNumbersPage)
#include "test_numbers_page.moc"
