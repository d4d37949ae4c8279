// libpq, and the two things of Linux that one thread needs to serve many connections.
#ifndef CAPSTAN_CLIBPQ_SHIM_H
#define CAPSTAN_CLIBPQ_SHIM_H

#include <libpq-fe.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

// Swift does not import EPOLLIN and friends as plain numbers, nor the union in epoll_event conveniently.
static inline int capstan_epoll_make(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int capstan_epoll_set(int poller, int operation, int descriptor, int wants_write, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (wants_write ? EPOLLOUT : 0), .data = {.u64 = token}};
    return epoll_ctl(poller, operation, descriptor, &event);
}

static inline int capstan_eventfd_make(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static inline void capstan_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    // A full counter means that a signal is pending already.
    ssize_t ignored = write(descriptor, &one, sizeof one);
    (void)ignored;
}

static inline void capstan_eventfd_clear(int descriptor) {
    uint64_t count;
    ssize_t ignored = read(descriptor, &count, sizeof count);
    (void)ignored;
}

// As debuggers and `top -H` show it. prctl, because pthread_setname_np hides behind _GNU_SOURCE.
static inline void capstan_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// Notices ("relation exists, skipping") would otherwise be printed to stderr by libpq.
static inline void capstan_ignore_notice(void *context, const PGresult *notice) {
    (void)context;
    (void)notice;
}

static inline void capstan_ignore_notices(PGconn *connection) {
    PQsetNoticeReceiver(connection, capstan_ignore_notice, NULL);
}

#endif
