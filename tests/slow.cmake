# What ./test.sh --slow runs besides the everyday suite: the same programs for longer, with more seeds and more cases. The
# fuzz targets are its other half (fuzz/CMakeLists.txt).
#
# meterhouse_slow_test(NAME LABEL unit|e2e COMMAND … [ENVIRONMENT …] [TIMEOUT seconds])
function(meterhouse_slow_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "COMMAND;ENVIRONMENT" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 3600)
  endif()
  add_test(NAME slow.${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  # A filter that no longer matches anything would pass unnoticed.
  set_tests_properties(slow.${name} PROPERTIES LABELS "${ARG_LABEL};slow" TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${ARG_ENVIRONMENT}"
    SKIP_RETURN_CODE 77 FAIL_REGULAR_EXPRESSION "Running 0 tests")
endfunction()
set(with_seeds ${METERHOUSE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/with_seeds.py)

# Ten times the everyday histories of store, clock and failing disk.
meterhouse_slow_test(simulation LABEL unit ENVIRONMENT MH_SIMULATIONS=20000
  COMMAND store_embedded_test --gtest_filter=EmbeddedSimulation.*)

# The stores against their model, and the answers that depend on the set alone, with other operations each time.
meterhouse_slow_test(readings_contract LABEL unit
  COMMAND ${with_seeds} 12 $<TARGET_FILE:store_embedded_test>
          --gtest_filter=*ReadingsContract.AnswersLikeTheModel*:*ReadingsContract.OnlyTheSetOfReadings*)
meterhouse_slow_test(catalog_contract LABEL unit
  COMMAND ${with_seeds} 30 $<TARGET_FILE:store_sqlite_test> --gtest_filter=*CatalogContract.AnswersLikeAMap*)

# Stores backed up and shipped, restored to other moments of other histories.
if(TARGET cli_test)
  meterhouse_slow_test(restored_store LABEL unit
    COMMAND ${with_seeds} 60 $<TARGET_FILE:cli_test> --gtest_filter=RestoredStore.*)
endif()

# Damage at other places: the everyday suite samples the large files.
meterhouse_slow_test(segment_damage LABEL unit
  COMMAND ${with_seeds} 997 $<TARGET_FILE:store_embedded_test> --gtest_filter=SegmentDamage.FlipsInALargeFileAreFound)
meterhouse_slow_test(catalog_damage LABEL unit ENVIRONMENT MH_FLIPS=10000
  COMMAND store_sqlite_test --gtest_filter=SqliteDamage.ACutOrFlipped*:PageChecksums.AFlippedBitOfTheLog*)

# Every operation of the disk that fails, where the everyday suite takes some.
if(TARGET cli_test)
  meterhouse_slow_test(operations LABEL unit ENVIRONMENT MH_EVERY_OPERATION=1
    COMMAND cli_test --gtest_filter=*FailingDisk.*)
endif()

# Every allocation, likewise.
if(TARGET failing_allocation_test)
  meterhouse_slow_test(allocations LABEL unit ENVIRONMENT MH_EVERY_ALLOCATION=1
    COMMAND failing_allocation_test --gtest_filter=*FailingAllocation.*)
endif()

# Each property with fifty times the cases.
foreach(program base_test codec_test model_test store_embedded_test usage_test)
  meterhouse_slow_test(properties.${program} LABEL unit ENVIRONMENT "RC_PARAMS=max_success=5000"
    COMMAND ${program} --gtest_filter=*Property.*)
endforeach()

# 10 200 kills and 5 000 power cuts, on a new store every 300 and 50; backups and restores killed at other moments.
if(TARGET meterhouse)
  meterhouse_slow_test(bit_flips LABEL e2e ENVIRONMENT MH_FLIPS=10000
    COMMAND ${METERHOUSE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/bit_flips_test.py $<TARGET_FILE:meterhouse>)
  if(NOT METERHOUSE_SANITIZE)
    meterhouse_slow_test(out_of_memory LABEL e2e
      COMMAND ${with_seeds} 20 ${METERHOUSE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/out_of_memory_test.py $<TARGET_FILE:meterhouse>)
  endif()
  meterhouse_slow_test(backup LABEL e2e
    COMMAND ${with_seeds} 20 ${METERHOUSE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/backup_test.py $<TARGET_FILE:meterhouse>)
  meterhouse_slow_test(kill LABEL e2e TIMEOUT 14400
    COMMAND ${with_seeds} 34 ${METERHOUSE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/kill_test.py $<TARGET_FILE:meterhouse>)
  meterhouse_slow_test(power_cut LABEL e2e TIMEOUT 14400
    COMMAND ${with_seeds} 100 ${METERHOUSE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/power_cut_test.py $<TARGET_FILE:meterhouse>)
endif()
