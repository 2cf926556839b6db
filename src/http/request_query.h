#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/site_calendar.h"
#include "http/message.h"
#include "model/ids.h"

namespace meterhouse {

// Outside text becomes model types here. All errors are invalid_argument and name the parameter.

// Every parameter is one of `known`, and none comes twice.
Status check_parameters(const Request& request, std::initializer_list<std::string_view> known);

Result<MeterId> meter_of(const Request& request);  // the path's {meter_id}
Error not_registered(MeterId meter);
Result<Channel> channel_of(const Request& request);  // `channel`, import where it is not given
// `limit`: 1 or more, capped at `most`.
Result<std::size_t> limit_of(const Request& request, std::size_t otherwise, std::size_t most);
// The number of a run or an event, from 0. what: how the message names it
Result<std::int64_t> id_of(std::string_view text, std::string_view what);
// `cursor` of lists that go by id: the `next` of a page. nullopt: not given.
Result<std::optional<std::int64_t>> cursor_id_of(const Request& request);
// An instant, a local date-time or a local date (its midnight). nullopt: not given.
Result<std::optional<Instant>> instant_of(const Request& request, std::string_view name, const SiteCalendar& calendar);

// Whether the Content-Type is JSON (its parameters do not matter) or not given.
bool takes_json(const Request& request);

}  // namespace meterhouse
