#include "base/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define WORKER_LIMIT 1024

typedef struct worker {
    st_pool* pool;
    pthread_t thread;
    int number;
} worker;

struct st_pool {
    st_ctx* ctx;
    int worker_count; // with the caller, who is worker 0
    int thread_count; // started threads
    worker* worker;   // [worker_count]
    pthread_mutex_t mutex;
    pthread_cond_t work_ready, work_done;
    uint64_t round; // counts runs; guarded by mutex, as all up to `failed_status`
    int busy_count;
    bool is_closing;
    st_item_fn fn;
    void* arg;
    int64_t item_count;
    st_status failed_status;
    _Atomic int64_t next_item;
    _Atomic int64_t failed_item; // lowest so far; item_count when none
};

// Items are taken in ascending order, so when item i fails all lower ones have been taken too and
// run to their end: the lowest failure is the same for any number of workers.
static void work(st_pool* pool, st_item_fn fn, void* arg, int64_t item_count, int number)
{
    for (;;) {
        const int64_t item = atomic_fetch_add(&pool->next_item, 1);
        if (item >= item_count || item > atomic_load(&pool->failed_item)) {
            return;
        }
        const st_status status = fn(arg, item, number);
        if (status != ST_OK) {
            pthread_mutex_lock(&pool->mutex);
            if (item < atomic_load(&pool->failed_item)) {
                atomic_store(&pool->failed_item, item);
                pool->failed_status = status;
            }
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

static void* worker_main(void* arg)
{
    worker* self = arg;
    st_pool* pool = self->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->round == seen && !pool->is_closing) {
            pthread_cond_wait(&pool->work_ready, &pool->mutex);
        }
        if (pool->is_closing) {
            break;
        }
        seen = pool->round;
        const st_item_fn fn = pool->fn;
        void* item_arg = pool->arg;
        const int64_t item_count = pool->item_count;
        pthread_mutex_unlock(&pool->mutex);
        work(pool, fn, item_arg, item_count, self->number);
        pthread_mutex_lock(&pool->mutex);
        pool->busy_count -= 1;
        if (pool->busy_count == 0) {
            pthread_cond_signal(&pool->work_done);
        }
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

// Workers take no signals: the program's handlers run in the thread that started the pool.
static int start_threads(st_pool* pool)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = 0;
    for (int i = 1; i < pool->worker_count && error == 0; i++) {
        worker* w = &pool->worker[i];
        w->pool = pool;
        w->number = i;
        error = pthread_create(&w->thread, NULL, worker_main, w);
        pool->thread_count += error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

st_status st_pool_create(st_ctx* ctx, int worker_count, st_pool** out)
{
    *out = NULL;
    if (worker_count < 0 || worker_count > WORKER_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%d workers: expected 1 to %d, or 0 for one per CPU",
                       worker_count, WORKER_LIMIT);
    }
    if (worker_count == 0) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        worker_count = online < 1 ? 1 : online > WORKER_LIMIT ? WORKER_LIMIT : (int)online;
    }
    st_pool* pool = st_alloc(ctx, 1, sizeof *pool);
    if (pool == NULL) {
        return ST_ERR_MEMORY;
    }
    pool->ctx = ctx;
    pool->worker_count = worker_count;
    pool->worker = st_alloc(ctx, (size_t)worker_count, sizeof *pool->worker);
    if (pool->worker == NULL) {
        st_free(ctx, pool);
        return ST_ERR_MEMORY;
    }
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work_ready, NULL);
    pthread_cond_init(&pool->work_done, NULL);
    const int error = start_threads(pool);
    if (error != 0) {
        const int started = pool->thread_count;
        st_pool_destroy(pool);
        return ST_FAIL(ctx, ST_ERR_MEMORY, "only %d of %d threads could be started: %s", started,
                       worker_count - 1, strerror(error));
    }
    *out = pool;
    return ST_OK;
}

void st_pool_destroy(st_pool* pool)
{
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->is_closing = true;
    pthread_cond_broadcast(&pool->work_ready);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i <= pool->thread_count; i++) {
        pthread_join(pool->worker[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->work_done);
    pthread_cond_destroy(&pool->work_ready);
    pthread_mutex_destroy(&pool->mutex);
    st_free(pool->ctx, pool->worker);
    st_free(pool->ctx, pool);
}

int st_pool_worker_count(const st_pool* pool)
{
    return pool->worker_count;
}

st_status st_pool_run(st_pool* pool, int64_t item_count, st_item_fn fn, void* arg,
                      int64_t* failed_item)
{
    item_count = item_count > 0 ? item_count : 0;
    pthread_mutex_lock(&pool->mutex);
    ST_ASSERT(pool->busy_count == 0); // an item must not run the pool that runs it
    pool->fn = fn;
    pool->arg = arg;
    pool->item_count = item_count;
    pool->failed_status = ST_OK;
    atomic_store(&pool->next_item, 0);
    atomic_store(&pool->failed_item, item_count);
    pool->busy_count = pool->thread_count;
    pool->round += 1;
    pthread_cond_broadcast(&pool->work_ready);
    pthread_mutex_unlock(&pool->mutex);

    work(pool, fn, arg, item_count, 0);

    pthread_mutex_lock(&pool->mutex);
    while (pool->busy_count > 0) {
        pthread_cond_wait(&pool->work_done, &pool->mutex);
    }
    const st_status status = pool->failed_status;
    pthread_mutex_unlock(&pool->mutex);
    if (failed_item != NULL) {
        *failed_item = status == ST_OK ? -1 : atomic_load(&pool->failed_item);
    }
    return status;
}
