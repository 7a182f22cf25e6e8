// Points for VTK: bytes, and what VTK itself reads where it is installed; gradients and contacts.

#include "cells/cells_scene.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void build(cell_scene* s, int* age, int* phase)
{
    static st_cell_type types[2];
    types[0] = CELL_SCENE_TYPE;
    types[1] = CELL_SCENE_TYPE;
    types[1].name = "chondrocyte";
    cell_scene_tissue(s, 8, 20.0, NULL, 0, NULL);
    s->def.type = types;
    s->def.type_count = 2;
    cell_scene_create(s);
    const st_column_def first = {.name = "age_min", .kind = ST_COLUMN_DOUBLE, .initial = 2.5};
    const st_column_def second = {.name = "phase", .kind = ST_COLUMN_UINT32, .initial = 7};
    cell_scene_check(s, st_cells_add_column(s->ctx, s->cells, &first, age));
    cell_scene_check(s, st_cells_add_column(s->ctx, s->cells, &second, phase));
    cell_scene_add(s, 0, 120.0, 30.0, 40.0);
    cell_scene_add(s, 1, 20.0, 30.0, 40.0);
    cell_scene_add(s, 1, 34.0, 30.0, 40.0);
    cell_scene_check(s, st_cells_commit(s->ctx, s->cells));
}

static const char* data_of(const char* bytes, const char* name)
{
    char key[64];
    snprintf(key, sizeof key, "Name=\"%s\"", name);
    const char* at = strstr(bytes, key);
    assert_non_null(at);
    at = strstr(at, "offset=\"");
    assert_non_null(at);
    const char* data = strstr(bytes, "encoding=\"raw\">\n_");
    assert_non_null(data);
    return data + strlen("encoding=\"raw\">\n_") + strtol(at + 8, NULL, 10);
}

static void points_carry_what_cells_are(void** state)
{
    (void)state;
    cell_scene s;
    int age;
    int phase;
    build(&s, &age, &phase);
    char* bytes;
    size_t length;
    cell_scene_check(&s, st_cells_view_vtu(s.ctx, s.cells, &bytes, &length));
    assert_non_null(strstr(bytes, "NumberOfPoints=\"3\""));
    assert_non_null(strstr(bytes, "0 cell 1 chondrocyte"));
    uint64_t count;
    uint64_t id[3];
    const char* at = data_of(bytes, "id");
    memcpy(&count, at, 8);
    memcpy(id, at + 8, 24);
    assert_int_equal(count, 24);
    assert_true(id[0] == 1 && id[1] == 2 && id[2] == 3);
    at = data_of(bytes, "type");
    assert_true(at[8] == 0 && at[9] == 1 && at[10] == 1);
    float place[9];
    at = data_of(bytes, "position_um");
    memcpy(place, at + 8, sizeof place);
    assert_true(fabs((double)place[0] - 120.0) < 1e-4 && fabs((double)place[6] - 34.0) < 1e-4);
    double ages[3];
    memcpy(ages, data_of(bytes, "age_min") + 8, sizeof ages);
    assert_true(ages[2] == 2.5);
    assert_memory_equal(bytes + length - 11, "</VTKFile>\n", 11);
    char path[] = "/tmp/stroma_cells_XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_true(write(file, bytes, length) == (ssize_t)length);
    (void)close(file);
    char command[1024];
    snprintf(command, sizeof command,
             "for p in python3 /usr/bin/python3; do $p -c 'import vtk' 2>/dev/null || continue; "
             "$p -c \"import vtk, sys\n"
             "r = vtk.vtkXMLUnstructuredGridReader(); r.SetFileName(sys.argv[1]); r.Update()\n"
             "g = r.GetOutput(); d = g.GetPointData()\n"
             "assert g.GetNumberOfPoints() == 3 and g.GetNumberOfCells() == 1\n"
             "assert d.GetArray('phase').GetValue(1) == 7\n"
             "assert abs(g.GetPoint(2)[0] - 34) < 1e-4\n"
             "assert abs(d.GetArray('radius_um').GetValue(0) - 8.4127) < 1e-3\n"
             "\" %s; exit $?; done; exit 77",
             path);
    const int status = system(command);
    (void)unlink(path);
    assert_true(status == 0 || status == 77 << 8);
    print_message("%s\n", status ? "VTK for Python is not installed: only bytes were checked"
                                 : "VTK reads the points");
    st_free(s.ctx, bytes);
    const double times[2] = {0.0, 60.0};
    const char* const files[2] = {"a.vtu", "b&c.vtu"};
    cell_scene_check(&s, st_cells_view_pvd(s.ctx, 2, times, files, &bytes, &length));
    assert_non_null(strstr(bytes, "<DataSet timestep=\"60\" file=\"b&#38;c.vtu\"/>"));
    st_free(s.ctx, bytes);
    assert_true(cell_scene_end(&s));
}

static void neighbours_contacts_and_gradients(void** state)
{
    (void)state;
    cell_scene s;
    int age;
    int phase;
    build(&s, &age, &phase);
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1] = {{.diffusivity_um2_per_min = 100.0}};
    rates[1].diffusivity_um2_per_min = 100.0;
    st_field_def def = st_default_field_def();
    def.name = "oxygen";
    def.rates = rates;
    int field;
    cell_scene_check(&s, st_tissue_add_field(s.ctx, s.tissue, &def, &field));
    for (int i = 0; i < 512; i++) {
        const int voxel[3] = {i & 7, i >> 3 & 7, i >> 6};
        cell_scene_check(&s, st_tissue_set_level(s.ctx, s.tissue, field, voxel,
                                                 30.0 + 2.0 * voxel[0] - 3.0 * voxel[2]));
    }
    for (int64_t slot = 0; slot < 3; slot++) {
        double g[3];
        st_cells_gradient(s.cells, slot, field, g);
        assert_true(fabs(g[0] - 0.1) < 1e-6 && fabs(g[1]) < 1e-6 && fabs(g[2] + 0.15) < 1e-6);
    }
    const int64_t second = st_cells_find(s.cells, 2);
    assert_true(fabs(st_cells_level(s.cells, second, field) - (30.0 + 2.0 - 6.0)) < 1e-6);
    st_neighbour near[2];
    assert_int_equal(st_cells_near(s.cells, second, 13.9, near, 2), 0);
    assert_int_equal(st_cells_near(s.cells, second, 14.1, near, 2), 1);
    assert_true(near[0].id == 3 && near[0].type == 1 && fabs(near[0].distance_um - 14.0) < 1e-4);
    assert_int_equal(st_cells_near(s.cells, second, 200.0, near, 1), 2);
    assert_int_equal(near[0].id, 1);
    int by_type[2];
    assert_int_equal(st_cells_contacts(s.cells, second, 1.0, by_type), 1);
    assert_true(by_type[0] == 0 && by_type[1] == 1);
    assert_int_equal(st_cells_contacts(s.cells, second, 0.8, NULL), 0);
    assert_true(cell_scene_end(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_carry_what_cells_are),
        cmocka_unit_test(neighbours_contacts_and_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
