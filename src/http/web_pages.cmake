# Builds the web pages with npm: METERHOUSE_WEB_STAMP is new whenever web/dist is.
find_program(NPM_PROGRAM npm REQUIRED)
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/* ${PROJECT_SOURCE_DIR}/web/public/*)
file(GLOB web_settings CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/*.json ${PROJECT_SOURCE_DIR}/web/*.ts
     ${PROJECT_SOURCE_DIR}/web/*.js ${PROJECT_SOURCE_DIR}/web/*.html)
set(web_installed ${CMAKE_CURRENT_BINARY_DIR}/web-installed.stamp)
set(METERHOUSE_WEB_STAMP ${CMAKE_CURRENT_BINARY_DIR}/web-built.stamp)

add_custom_command(
  OUTPUT ${web_installed}
  COMMAND ${NPM_PROGRAM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch ${web_installed}
  DEPENDS ${PROJECT_SOURCE_DIR}/web/package.json ${PROJECT_SOURCE_DIR}/web/package-lock.json
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/web
  COMMENT "Installing what the web pages are built with" VERBATIM)
add_custom_command(
  OUTPUT ${METERHOUSE_WEB_STAMP}
  COMMAND ${NPM_PROGRAM} run build
  COMMAND ${CMAKE_COMMAND} -E touch ${METERHOUSE_WEB_STAMP}
  DEPENDS ${web_installed} ${web_sources} ${web_settings}
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/web
  COMMENT "Building the web pages" VERBATIM)
