#include "block/detail/gemm.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/signals.h"

#include <dnnl.h>
#include <omp.h>

#include <algorithm>
#include <new>
#include <vector>

namespace patchbay {
namespace detail {
namespace {

int configured_threads = 0;

// Below this many operations a second thread costs more than it brings.
constexpr double small_product = 2e6;

// The first products of each kind are small ones, made where running out of memory can still be said.
void prepare_kernels()
{
    need_memory(size_t(64) << 20);
    constexpr int64_t size = 64;
    const std::vector<float> a(size_t(size * size), 1.f), b = a;
    std::vector<float> c(size_t(size * size));
    for (const char transpose : {'N', 'T'})
        for (const float beta : {0.f, 1.f})
            for (const int64_t rows : {int64_t(1), size})
                for (const int64_t columns : {int64_t(1), int64_t(8), size})
                    dnnl_sgemm('N', transpose, rows, columns, size, 1.f, a.data(), size, b.data(),
                               transpose == 'T' ? size : columns, beta, c.data(), columns);
}

void multiply(bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
              int64_t ldb, float *c, int64_t ldc, bool accumulate)
{
    if (m == 0 || n == 0)
        return;
    if (k == 0) { // the sum of nothing, as in a model without MLPs
        for (int64_t row = 0; row < m && !accumulate; ++row)
            std::fill_n(c + row * ldc, n, 0.f);
        return;
    }
    // Also around a single product: whoever calls it, the kernel has the stack pointer in the heap.
    const SignalsHeldOff held;
    prepare_gemm();
    const bool small = 2.0 * double(m) * double(n) * double(k) < small_product && gemm_threads() > 1;
    const int before = omp_get_max_threads();
    if (small)
        omp_set_num_threads(1);
    const dnnl_status_t status =
        dnnl_sgemm('N', transpose_b ? 'T' : 'N', m, n, k, 1.f, a, lda, b, ldb, accumulate ? 1.f : 0.f, c, ldc);
    if (small)
        omp_set_num_threads(before);
    if (status == dnnl_out_of_memory)
        throw std::bad_alloc();
    if (status != dnnl_success)
        throw Error("matrix product", "oneDNN could not compute it (status " + std::to_string(int(status)) + ")");
}

} // namespace

void prepare_gemm()
{
    static const bool prepared = [] {
        const SignalsHeldOff held;
        prepare_kernels();
        return true;
    }();
    static_cast<void>(prepared);
}

void gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
          int64_t ldc, bool accumulate)
{
    if (m != 1) {
        multiply(false, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
        return;
    }
    // A row by itself would go another way, which sums in another order: what it comes to would depend on whether it
    // has company.
    std::vector<float> rows(size_t(2 * k)), out(size_t(2 * n));
    std::copy_n(a, k, rows.begin());
    if (accumulate)
        std::copy_n(c, n, out.begin());
    multiply(false, 2, n, k, rows.data(), k, b, ldb, out.data(), n, accumulate);
    std::copy_n(out.begin(), n, c);
}

void gemm_bt(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
             int64_t ldc, bool accumulate)
{
    multiply(true, m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

void set_gemm_threads(int threads)
{
    configured_threads = threads;
    omp_set_num_threads(threads);
}

int gemm_threads()
{
    return configured_threads > 0 ? configured_threads : omp_get_max_threads();
}

} // namespace detail

} // namespace patchbay
