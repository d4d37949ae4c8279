// libpg_query: PostgreSQL's own parser outside of the server, from Debian's libpg-query-dev.
#ifndef CAPSTAN_CPGQUERY_SHIM_H
#define CAPSTAN_CPGQUERY_SHIM_H

#include <pg_query.h>

#endif
