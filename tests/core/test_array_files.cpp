// Arrays through every file format: values, metadata, equal bytes, and files that stay whole when writing fails.
#include "base/error.h"
#include "io/array_files.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <limits>

using namespace patchbay;

namespace {

ArrayMap example()
{
    ArrayMap arrays;
    arrays["grid"] = {{2, 3}, std::vector<float>{0.1f, -2, 3e-20f, 1e30f, 5, 16777216}};
    arrays["scores"] = {{1, 2}, std::vector<float>{-std::numeric_limits<float>::infinity(), std::nanf("")}};
    arrays["ids"] = {{4}, std::vector<int64_t>{0, -1, 9007199254740993, 7}};
    arrays["scalar"] = {{}, std::vector<float>{0.25f}};
    arrays["cube"] = {{2, 1, 2}, std::vector<float>{1, 2, 3, 4}};
    return arrays;
}

const FileMetadata kMetadata{{"spec", "{\"version\": 1}"}, {"title", "name mover – „quoted“"}};

bool same(const Array &a, const Array &b)
{
    if (a.shape != b.shape || a.is_float() != b.is_float())
        return false;
    if (!a.is_float())
        return a.ints() == b.ints();
    return std::equal(a.floats().begin(), a.floats().end(), b.floats().begin(), b.floats().end(),
                      [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

std::string error_of(const std::function<void()> &action)
{
    try {
        action();
    } catch (const Error &error) {
        return error.what();
    }
    return {};
}

} // namespace

class TestArrayFiles : public QObject {
    Q_OBJECT
    QTemporaryDir m_dir;
    std::filesystem::path path(const char *name) const { return m_dir.path().toStdString() + "/" + name; }

private Q_SLOTS:
    void devicesAndPipesStay()
    {
        const auto pipe = path("pipe"), link = path("link.json");
        QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);
        std::filesystem::create_symlink(pipe, link);
        for (const auto &where : {pipe, link}) {
            const std::string message = error_of([&] { write_file(where, "text"); });
            QVERIFY2(message.find("is a device or pipe") != std::string::npos, message.c_str());
            QVERIFY(std::filesystem::is_fifo(pipe));
        }
    }

    void reads_what_it_wrote_data()
    {
        QTest::addColumn<QString>("file");
        for (const char *file : {"a.safetensors", "a.npz", "a.json"})
            QTest::newRow(file) << file;
    }

    void reads_what_it_wrote()
    {
        QFETCH(QString, file);
        const auto where = path(file.toUtf8().constData());
        write_arrays(where, example(), kMetadata);
        const std::string first = read_file(where);
        const ArrayFile back = read_arrays(where);
        QCOMPARE(back.arrays.size(), example().size());
        for (const auto &[key, array] : example())
            QVERIFY2(same(back.arrays.at(key), array), key.c_str());
        QVERIFY(back.metadata == kMetadata);
        write_arrays(where, example(), kMetadata);
        QVERIFY2(read_file(where) == first, "the same arrays give the same bytes");
    }

    void writes_grids_as_csv()
    {
        write_arrays(path("a.csv"), example(), {{"metric", "logit_diff"}});
        const QString text = QString::fromStdString(read_file(path("a.csv")));
        QVERIFY(text.startsWith("# metric: logit_diff\n"));
        QVERIFY(text.contains("# grid [2,3]\n0.1,-2.0,3e-20\n1e+30,5.0,16777216.0\n"));
        QVERIFY(text.contains("not in this file: cube [2,1,2], ids [4], scalar []"));
        const ArrayMap none{{"ids", example()["ids"]}};
        QVERIFY(error_of([&] { write_arrays(path("b.csv"), none); }).find("2-D grids of numbers") != std::string::npos);
        QVERIFY(!std::filesystem::exists(path("b.csv")));
    }

    void explains_what_cannot_be_written()
    {
        QVERIFY(error_of([&] { write_arrays(path("a.xlsx"), example()); }).find("unknown extension \".xlsx\"")
                != std::string::npos);
        QVERIFY(error_of([&] { write_arrays(path("none/a.npz"), example()); }).find("does not exist")
                != std::string::npos);
        QVERIFY(error_of([&] { write_arrays(path(""), example()); }).size() > 0);
        const ArrayMap wrong{{"w", {{3}, std::vector<float>{1}}}};
        QVERIFY(error_of([&] { write_arrays(path("w.npz"), wrong); }).find("array w holds 1 values, its shape needs 3")
                != std::string::npos);
    }

    void an_earlier_file_stays_when_writing_fails()
    {
        write_file(path("kept.json"), "{\"a\": 1}");
        const ArrayMap bad{{"metadata", {{1}, std::vector<float>{1}}}};
        QVERIFY(error_of([&] { write_arrays(path("kept.json"), bad); }).find("\"metadata\"") != std::string::npos);
        QCOMPARE(read_file(path("kept.json")), std::string("{\"a\": 1}"));
        int files = 0;
        for (const auto &entry : std::filesystem::directory_iterator(m_dir.path().toStdString()))
            files += entry.path().string().find(".part-") != std::string::npos;
        QCOMPARE(files, 0);
    }

    void explains_what_cannot_be_read()
    {
        QVERIFY(error_of([&] { read_arrays(path("absent.npz")); }).find("absent.npz") != std::string::npos);
        write_file(path("bad.npz"), "not a zip file at all, just text");
        QVERIFY(error_of([&] { read_arrays(path("bad.npz")); }).find("cannot be read as a zip file")
                != std::string::npos);
        write_file(path("bad.json"), "{\"a\": [[1, 2], [3]]}");
        QVERIFY(error_of([&] { read_arrays(path("bad.json")); }).find("array a differ in length") != std::string::npos);
        QVERIFY(error_of([&] { read_file(path("absent.txt")); }).find("No such file") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestArrayFiles)
#include "test_array_files.moc"
