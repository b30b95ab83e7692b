# volante_library(NAME [DEPENDS folder...] [PACKAGES target...])
#   One static library per folder of src/. DEPENDS is the dependency direction of docs/architecture.md:
#   only the folders named there are visible, and tools/check_includes.py checks the includes too.
#   PACKAGES are third-party targets, private to the folder's .cc files.
function(volante_library NAME)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PACKAGES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(sources)
    add_library(volante_${NAME} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(volante_${NAME} PRIVATE ${ARG_PACKAGES})
  else()
    add_library(volante_${NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(volante_${NAME} ${scope} ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
  foreach(folder ${ARG_DEPENDS})
    target_link_libraries(volante_${NAME} ${scope} volante_${folder})
  endforeach()
endfunction()

# volante_test(NAME [DEPENDS folder...] [PACKAGES target...] [ORACLE filter] [LONG] [WHOLE])
#   One test binary per folder of tests/, from all its *_test.cc. ctest sees each test by itself;
#   WHOLE makes the binary one ctest entry (a process that loads libtorch takes 0.4 s to start).
#   LONG: only `./dev test --long` runs it (ctest label long).
#   ORACLE: gtest filter of the tests whose answers come from another program or publication (ctest
#   label oracle; with WHOLE they are an entry of their own, NAME/oracle).
function(volante_test NAME)
  cmake_parse_arguments(ARG "WHOLE;LONG" "ORACLE" "DEPENDS;PACKAGES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${NAME}_test ${sources})
  foreach(folder ${ARG_DEPENDS})
    target_link_libraries(${NAME}_test PRIVATE volante_${folder})
  endforeach()
  target_link_libraries(${NAME}_test PRIVATE GTest::gtest_main GTest::gmock ${ARG_PACKAGES})
  target_include_directories(${NAME}_test PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${NAME}_test PRIVATE
    VOLANTE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" VOLANTE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set(labels "")
  if(ARG_LONG)
    set(labels "long")
  endif()
  set(rest "*")
  if(ARG_ORACLE)
    set(rest "-${ARG_ORACLE}")
  endif()
  if(ARG_WHOLE)
    # As the launcher sets it: OpenMP threads that spin on busy cores take a hundred times as long.
    set(quiet ENVIRONMENT OMP_WAIT_POLICY=passive)
    add_test(NAME ${NAME} COMMAND ${NAME}_test "--gtest_filter=${rest}")
    set_tests_properties(${NAME} PROPERTIES LABELS "${labels}" ${quiet})
    if(ARG_ORACLE)
      add_test(NAME ${NAME}/oracle COMMAND ${NAME}_test "--gtest_filter=${ARG_ORACLE}")
      set_tests_properties(${NAME}/oracle PROPERTIES LABELS oracle ${quiet})
    endif()
  else()
    gtest_discover_tests(${NAME}_test TEST_PREFIX "${NAME}/" DISCOVERY_TIMEOUT 30
                         TEST_FILTER "${rest}" PROPERTIES LABELS "${labels}")
    if(ARG_ORACLE)
      gtest_discover_tests(${NAME}_test TEST_PREFIX "${NAME}/" DISCOVERY_TIMEOUT 30
                           TEST_FILTER "${ARG_ORACLE}" PROPERTIES LABELS oracle)
    endif()
  endif()
endfunction()

# volante_fuzz(NAME [DEPENDS folder...]): libFuzzer target from fuzz/NAME.cc.
function(volante_fuzz NAME)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(fuzz_${NAME} ${NAME}.cc)
  foreach(folder ${ARG_DEPENDS})
    target_link_libraries(fuzz_${NAME} PRIVATE volante_${folder})
  endforeach()
  target_compile_options(fuzz_${NAME} PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_${NAME} PRIVATE -fsanitize=fuzzer)
endfunction()
