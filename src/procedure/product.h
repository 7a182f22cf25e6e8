/// \file
/// What every step does with a sample: ask it, take a share of it, doom a share of its cells.
#ifndef ST_PROCEDURE_PRODUCT_H
#define ST_PROCEDURE_PRODUCT_H

#include "stroma/procedure.h"

/// Cells of a class that are alive, those that will die within two days included.
double st_product_alive(const st_product* product, st_cell_class cell_class);

/// The cells that a therapy counts: cultured MSC and colony-forming units, alive.
double st_product_therapeutic(const st_product* product);

/// Keeps `share` of everything, 0 ... 1: volumes and counts; shares alive do not change.
void st_product_keep(st_product* product, double share);

/// Kills `share` of the living cells of a class now; the dead stay in the sample.
void st_product_kill(st_product* product, st_cell_class cell_class, double share);

/// Dooms `share` of the healthy cells of a class: alive now, dead within 24-48 h.
void st_product_doom(st_product* product, st_cell_class cell_class, double share);

/// Asserts that the sample is a possible one: finite, nothing negative, shares in order.
void st_product_validate(const st_product* product);

/// Asserts that a step which grows no cells gave back no more than went in, class by class.
void st_product_validate_loss(const st_product* before, const st_product* after);

#endif
