#include "patching/detail/gemm.h"

#include "patching/detail/parallel.h"
#include "patching/gemm_rate.h"

#include <cblas.h>
#include <dnnl.h>
#include <omp.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <fstream>
#include <mutex>

namespace patchbay {
namespace detail {
namespace {

enum class Library { OneDnn, OpenBlas };

/// OpenBLAS has threads of its own beside OpenMP's. Both kinds spin while they wait, and where they have as many cores as one of them needs, every
/// product waits for the other kind's to give up its core. So it computes with one thread here, on a share of the product for each of OpenMP's.
void multiply_in_shares(bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
                        int64_t ldc, float beta)
{
    const auto share = [&](int64_t row, int64_t rows, int64_t column, int64_t columns) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, int(rows), int(columns), int(k), 1.f, a + row * lda, int(lda),
                    b + column * (transpose_b ? ldb : 1), int(ldb), beta, c + row * ldc + column, int(ldc));
    };
    const int before = openblas_get_num_threads();
    openblas_set_num_threads(1);
    // The longer side is cut, at multiples of what the library's inner loops take at once.
    const bool by_rows = m >= n;
    const int64_t length = by_rows ? m : n, unit = 16, units = (length + unit - 1) / unit;
    parallel_rows(units, std::max<int64_t>(1, (units + gemm_threads() - 1) / gemm_threads()), [&](int64_t begin, int64_t end) {
        const int64_t first = begin * unit, count = std::min(length, end * unit) - first;
        by_rows ? share(first, count, 0, n) : share(0, m, first, count);
    });
    openblas_set_num_threads(before);
}

void multiply(Library library, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb,
              float *c, int64_t ldc, bool accumulate)
{
    const float beta = accumulate ? 1.f : 0.f;
    if (library == Library::OneDnn)
        dnnl_sgemm('N', transpose_b ? 'T' : 'N', m, n, k, 1.f, a, lda, b, ldb, beta, c, ldc);
    else
        multiply_in_shares(transpose_b, m, n, k, a, lda, b, ldb, c, ldc, beta);
}

double seconds_now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// multiply(a, b, c) as [m, k] x [k, n], repeated; the best of them counts.
double measured_rate(int64_t m, int64_t n, int64_t k, const std::function<void(const float *, const float *, float *)> &multiply_once)
{
    const std::vector<float> a(size_t(m * k), 1.25f), b(size_t(k * n), 0.5f);
    std::vector<float> c(size_t(m * n));
    double best = 1e30;
    for (int repeat = 0; repeat < 6; ++repeat) {
        const double start = seconds_now();
        multiply_once(a.data(), b.data(), c.data());
        best = std::min(best, seconds_now() - start);
    }
    return 2.0 * double(m) * double(n) * double(k) / best;
}

double measured_rate(Library library, int64_t m, int64_t n, int64_t k)
{
    return measured_rate(m, n, k, [&](const float *a, const float *b, float *c) { multiply(library, false, m, n, k, a, k, b, n, c, n, false); });
}

// Shapes behave alike in three classes: wide products, few rows, and thin ones (one head's columns or depth).
enum class ShapeClass { Wide, FewRows, Thin };
constexpr int class_count = 3;
constexpr int64_t class_shapes[class_count][3] = {{840, 3072, 768}, {70, 3072, 768}, {420, 64, 768}};

ShapeClass classify(int64_t m, int64_t n, int64_t k)
{
    if (n <= 160 || k <= 96)
        return ShapeClass::Thin;
    return m < 256 ? ShapeClass::FewRows : ShapeClass::Wide;
}

std::filesystem::path choice_file()
{
    const char *cache = std::getenv("XDG_CACHE_HOME");
    const char *home = std::getenv("HOME");
    const std::filesystem::path base = cache && *cache ? cache : home && *home ? std::filesystem::path(home) / ".cache" : std::filesystem::path();
    return base.empty() ? base : base / "patchbay" / "gemm-choice";
}

// Everything that a choice depends on; another value makes an old choice void.
std::string machine_key(int threads)
{
    std::string model;
    std::ifstream cpu("/proc/cpuinfo");
    for (std::string line; std::getline(cpu, line);)
        if (line.rfind("model name", 0) == 0) {
            model = line.substr(line.find(':') + 1);
            break;
        }
    const dnnl_version_t *v = dnnl_version();
    return "3|" + model + "|" + openblas_get_corename() + "|" + std::to_string(v->major) + "." + std::to_string(v->minor) + "|"
           + std::to_string(threads);
}

class Chooser {
public:
    Library choose(ShapeClass shape)
    {
        const int threads = gemm_threads();
        std::lock_guard lock(m_mutex);
        if (threads != m_threads) {
            if (!restore(machine_key(threads)))
                measure(machine_key(threads));
            m_threads = threads;
        }
        return m_choice[int(shape)];
    }

private:
    bool restore(const std::string &key)
    {
        std::ifstream in(choice_file());
        for (std::string line; std::getline(in, line);)
            if (line.size() == key.size() + 1 + class_count && line.compare(0, key.size(), key) == 0 && line[key.size()] == '=') {
                for (int i = 0; i < class_count; ++i)
                    m_choice[i] = line[key.size() + 1 + size_t(i)] == 'b' ? Library::OpenBlas : Library::OneDnn;
                return true;
            }
        return false;
    }

    void measure(const std::string &key)
    {
        std::string letters;
        for (int i = 0; i < class_count; ++i) {
            const auto [m, n, k] = class_shapes[i];
            // In turns, so that a busy moment of the machine hits both; a small lead is within what such moments make of it.
            double rate[2] = {0, 0};
            for (int turn = 0; turn < 3; ++turn)
                for (const Library library : {Library::OneDnn, Library::OpenBlas})
                    rate[int(library)] = std::max(rate[int(library)], measured_rate(library, m, n, k));
            m_choice[i] = rate[int(Library::OpenBlas)] > 1.05 * rate[int(Library::OneDnn)] ? Library::OpenBlas : Library::OneDnn;
            letters += m_choice[i] == Library::OpenBlas ? 'b' : 'd';
        }
        const std::filesystem::path file = choice_file();
        if (file.empty())
            return;
        std::error_code ignored; // without a cache folder the choice is measured again next time
        std::filesystem::create_directories(file.parent_path(), ignored);
        std::ofstream(file, std::ios::app) << key << '=' << letters << '\n';
    }

    std::mutex m_mutex;
    int m_threads = -1;
    Library m_choice[class_count] = {};
};

Chooser &chooser()
{
    static Chooser instance;
    return instance;
}

int configured_threads = 0;

// Below this many operations a second thread costs more than it brings.
constexpr double small_product = 2e6;

void product(bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
             bool accumulate)
{
    if (m == 0 || n == 0)
        return;
    const bool small = 2.0 * double(m) * double(n) * double(k) < small_product && gemm_threads() > 1;
    const Library library = small ? Library::OneDnn : chooser().choose(classify(m, n, k));
    if (!small) {
        multiply(library, transpose_b, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
        return;
    }
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    multiply(library, transpose_b, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
    omp_set_num_threads(before);
}

} // namespace

void gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc, bool accumulate)
{
    product(false, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

void gemm_bt(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc, bool accumulate)
{
    product(true, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

void set_gemm_threads(int threads)
{
    configured_threads = threads;
    openblas_set_num_threads(threads);
    omp_set_num_threads(threads);
}

int gemm_threads()
{
    return configured_threads > 0 ? configured_threads : omp_get_max_threads();
}

} // namespace detail

std::vector<GemmPath> measure_gemm(int rows, int columns, int inner)
{
    return {{"oneDNN", detail::measured_rate(detail::Library::OneDnn, rows, columns, inner)},
            {std::string("OpenBLAS ") + openblas_get_corename(), detail::measured_rate(detail::Library::OpenBlas, rows, columns, inner)}};
}

double chosen_gemm_rate(int rows, int columns, int inner)
{
    return detail::measured_rate(rows, columns, inner, [&](const float *a, const float *b, float *c) {
        detail::gemm(rows, columns, inner, a, inner, b, columns, c, columns);
    });
}

double best_gemm_rate()
{
    double best = 0;
    for (const GemmPath &path : measure_gemm())
        best = std::max(best, path.flops_per_second);
    return best;
}

bool blas_misjudges_cpu()
{
    const std::string core = openblas_get_corename();
    return __builtin_cpu_supports("avx512f") && (core == "Haswell" || core == "Zen" || core == "Prescott" || core == "Generic");
}

} // namespace patchbay
